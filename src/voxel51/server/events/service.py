"""Events: read them in order, and delete old ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import RowMapping, ScalarSelect, bindparam, delete, func, select

from voxel51.server.accounts.callers import User
from voxel51.server.database.database import Database
from voxel51.server.events.tables import events
from voxel51.wire import dates
from voxel51.wire.events import Event

BATCH_SIZE = 500
"""Number of events that are read at once, at most."""

_FEW = 20
"""Number of events that are read in the event loop, at most: that takes less than a millisecond."""

_ALL_AFTER = select(events).where(events.c.id > bindparam("after_id")).order_by(events.c.id)
_AFTER = _ALL_AFTER.limit(BATCH_SIZE)
_FEW_AFTER = _ALL_AFTER.limit(_FEW + 1)


@dataclass(frozen=True, slots=True)
class OwnedEvent:
    """An event and the id of its owner."""

    owner_id: str
    event: Event


class EventService:
    """Reads events in the order in which they happened, and deletes those older than ``retention``."""

    def __init__(self, database: Database, retention: timedelta) -> None:
        self._database = database
        self._retention = retention

    def last_id(self) -> int:
        """Return the id of the latest event of all users; 0 before the first."""
        with self._database.read() as connection:
            return connection.execute(select(func.max(events.c.id))).scalar() or 0

    def resume(self, event_id: int) -> tuple[int, bool]:
        """Return the id after which a reader of all events up to ``event_id`` continues, and whether there is a gap.

        There is a gap if later events may have been deleted, or if the id is higher than any event: the database was
        replaced by an older one. The oldest event of any user decides. Progress that later progress replaced is not
        missed.
        """
        # Two queries in one: SQLite reads the whole index for a minimum and a maximum in the same one.
        bounds = select(select(func.min(events.c.id)).scalar_subquery(), _newest_id())
        with self._database.read() as connection:
            oldest, newest = connection.execute(bounds).one()
        if oldest is None:
            return 0, event_id > 0
        resumed = min(max(event_id, oldest - 1), newest)
        return resumed, resumed != event_id

    def after(
        self, event_id: int, owner_id: str | None = None, job_ids: Sequence[str] = (), up_to: int | None = None
    ) -> list[OwnedEvent]:
        """Return the next `BATCH_SIZE` events after ``event_id``: of all, or those of an owner or of some jobs."""
        statement = _AFTER
        if owner_id is not None:
            statement = statement.where(events.c.owner_id == owner_id)
        if job_ids:
            statement = statement.where(events.c.job_id.in_(job_ids))
        if up_to is not None:
            statement = statement.where(events.c.id <= up_to)
        with self._database.read() as connection:
            rows = connection.execute(statement, {"after_id": event_id}).mappings()
            return [OwnedEvent(row["owner_id"], _to_wire(row)) for row in rows]

    def few_after(self, event_id: int) -> list[OwnedEvent] | None:
        """Return the events of all after ``event_id``; None if that may take longer than a call in a thread.

        Call it in the event loop only.
        """
        if not self._database.reads_at_once:
            return None
        with self._database.read_at_once() as connection:
            rows = connection.execute(_FEW_AFTER, {"after_id": event_id}).mappings().all()
        return None if len(rows) > _FEW else [OwnedEvent(row["owner_id"], _to_wire(row)) for row in rows]

    def delete_all(self, owner: User) -> bool:
        """Delete the events of the owner's jobs."""
        with self._database.write() as connection:
            connection.execute(delete(events).where(events.c.owner_id == owner.id, events.c.id < _newest_id()))
        return True

    def expire(self) -> int:
        """Delete old events; return how many."""
        old = (events.c.date < dates.now() - self._retention) & (events.c.id < _newest_id())
        with self._database.write(durable=False) as connection:
            return connection.execute(delete(events).where(old)).rowcount


def _newest_id() -> ScalarSelect[int]:
    """Select the id of the newest event, which is never deleted: it tells how far ids have come."""
    return select(func.max(events.c.id)).scalar_subquery()


def _to_wire(row: RowMapping) -> Event:
    event: Event = {"id": row["id"], "event": row["name"], "job_id": row["job_id"], "date": dates.to_text(row["date"])}
    event.update(row["document"])
    return event
