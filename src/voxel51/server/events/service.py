"""Reading events, and forgetting old ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, delete, func, select

from voxel51.server.accounts.callers import User
from voxel51.server.database.database import Database
from voxel51.server.events.tables import events
from voxel51.wire import dates
from voxel51.wire.events import Event

_MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class OwnedEvent:
    """An event, and whose it is."""

    owner_id: str
    event: Event


class EventService:
    """Reads events in the order in which they happened; forgets them after ``kept``."""

    def __init__(self, database: Database, kept: timedelta) -> None:
        self._database = database
        self._kept = kept

    def last_id(self) -> int:
        """The id of the latest event of all; 0 before the first."""
        with self._database.read() as connection:
            return connection.execute(select(func.max(events.c.id))).scalar() or 0

    def resume(self, event_id: int) -> tuple[int, bool]:
        """From which id to go on for whoever saw all up to ``event_id``, and whether some since may be missing.

        They may be when they were forgotten, or when the id is one to come: the platform's records were replaced.
        What counts is the oldest event of anybody; progress that later progress replaced is not missed.
        """
        bounds = select(func.min(events.c.id), func.max(events.c.id))
        with self._database.read() as connection:
            oldest, newest = connection.execute(bounds).one()
        if oldest is None:
            return 0, event_id > 0
        resumed = min(max(event_id, oldest - 1), newest)
        return resumed, resumed != event_id

    def after(
        self, event_id: int, owner_id: str | None = None, job_ids: Sequence[str] = (), up_to: int | None = None
    ) -> list[OwnedEvent]:
        """The next events after ``event_id``, some hundreds at most: of all, or of one owner's, or of some jobs."""
        statement = select(events).where(events.c.id > event_id).order_by(events.c.id).limit(_MOST_AT_ONCE)
        if owner_id is not None:
            statement = statement.where(events.c.owner_id == owner_id)
        if job_ids:
            statement = statement.where(events.c.job_id.in_(job_ids))
        if up_to is not None:
            statement = statement.where(events.c.id <= up_to)
        with self._database.read() as connection:
            return [OwnedEvent(row.owner_id, _to_wire(row)) for row in connection.execute(statement)]

    def delete_all(self, owner: User) -> bool:
        """Forget what happened to the owner's jobs; the newest of all is kept, as it says where ids stand."""
        newest = select(func.max(events.c.id)).scalar_subquery()
        with self._database.write(durable=False) as connection:
            connection.execute(delete(events).where(events.c.owner_id == owner.id, events.c.id < newest))
        return True

    def expire(self) -> int:
        """Forget events that are old; returns how many. The newest of all is kept: it says where ids stand."""
        newest = select(func.max(events.c.id)).scalar_subquery()
        old = (events.c.date < dates.now() - self._kept) & (events.c.id < newest)
        with self._database.write(durable=False) as connection:
            return connection.execute(delete(events).where(old)).rowcount


def _to_wire(row: Row[Any]) -> Event:
    told: Event = {"id": row.id, "event": row.name, "job_id": row.job_id, "date": dates.to_text(row.date)}
    told.update(row.document)
    return told
