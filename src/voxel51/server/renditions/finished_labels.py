"""Jobs that have completed lately with labels, whose Parquet file is still to be made.

They are read from the event outbox, in which an event is committed with the completion of its job. So no process
misses one, and a restart reads the last hour again; a conversion that is made already is found and not made again. What
is older is converted by the first query that reads it.
"""

from collections import deque
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import func, select

from voxel51.server.accounts.callers import User
from voxel51.server.database.database import Database
from voxel51.server.events.tables import events
from voxel51.server.jobs.label_jobs import produces_labels
from voxel51.server.jobs.newest_results import complete_jobs
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates
from voxel51.wire.events import EventName

_READ_AGAIN = timedelta(hours=1)
"""Time before its start from which a process reads completions."""

_EVENTS_PER_READ = 500
_MOST_PER_OWNER = 500
"""Jobs that wait for one owner: the newest, which are those that one query reads."""

_event = events.c


class FinishedLabels:
    """Queue of jobs by owner, in memory. Only one thread uses it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: int | None = None  # id of the last event that was read
        self._waiting: dict[str, deque[str]] = {}

    def look(self) -> None:
        """Add the jobs that have completed since the last call."""
        with self._database.read() as connection:
            if self._seen is None:
                before = select(func.max(_event.id)).where(_event.date < dates.now() - _READ_AGAIN)
                self._seen = connection.execute(before).scalar() or 0
            while True:
                later = select(_event.id, _event.owner_id, _event.job_id, _event.name).where(_event.id > self._seen)
                rows = connection.execute(later.order_by(_event.id).limit(_EVENTS_PER_READ)).all()
                for row in rows:
                    self._seen = row.id
                    if row.name == EventName.COMPLETE:
                        self._waiting.setdefault(row.owner_id, deque(maxlen=_MOST_PER_OWNER)).append(row.job_id)
                if len(rows) < _EVENTS_PER_READ:
                    return

    def owners(self) -> Collection[str]:
        """Return the ids of the owners of waiting jobs."""
        return self._waiting.keys()

    def take(self, owner_id: str) -> str | None:
        """Remove the newest waiting job of an owner, and return its id; None if it has no labels (any more)."""
        waiting = self._waiting[owner_id]
        job_id = waiting.pop()
        if not waiting:
            del self._waiting[owner_id]
        with self._database.read() as connection:
            row = connection.execute(complete_jobs(User(owner_id, "")).where(jobs.c.id == job_id)).mappings().first()
        return job_id if row is not None and produces_labels(row["document"]) else None
