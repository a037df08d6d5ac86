"""Running lease: only one process at a time runs the jobs of a database, wherever its data folder is.

The lock of the data folder cannot see a copy of that folder, on this machine or another one, that uses the same
database. The lease is a date in the database that the process moves on while it runs. A process in the same place takes
it over at once, because it holds the folder's lock: the process before it is dead.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select, update

from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.tables import ROW, platform
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import DatabaseAway
from voxel51.wire import dates

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=10)
_RENEW_SECONDS = 3.0
_POLL_SECONDS = 0.2


class AlreadyRunning(RuntimeError):
    """Another process runs the jobs of this database. The text says where."""


class RunningLease:
    """The lease of one process.

    Args:
        database: the database, whose identity is recorded.
        place: host and data folder of the process.
        on_loss: called from the lease's thread if another process has taken the lease: this one was away for longer
            than the lease, and must stop.
    """

    def __init__(self, database: Database, place: str, on_loss: Callable[[], object]) -> None:
        self._database = database
        self._place = place
        self._on_loss = on_loss
        self._id = str(uuid.uuid4())
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="running-lease", daemon=True)

    def acquire(self) -> None:
        """Take the lease, and renew it until `release`. Wait for the end of a lease that may be of a dead process.

        Raises:
            AlreadyRunning: another process holds and renews it.
        """
        deadline = time.monotonic() + LEASE.total_seconds() + _RENEW_SECONDS
        while (holder := self._take()) is not None:
            if time.monotonic() > deadline:
                raise AlreadyRunning(
                    f"a platform is already running on this database: {holder.runner_place}. Stop it, or give this one "
                    "a database and a data folder of its own"
                )
            time.sleep(_POLL_SECONDS)
        self._thread.start()

    def release(self) -> None:
        """Give the lease back, so that another process need not wait for its end."""
        self._closing.set()
        if not self._thread.is_alive():
            return
        self._thread.join()
        try:
            self._set(runner_id=None, runner_place=None, running_until=None)
        except DatabaseAway:
            log.warning("the running lease could not be given back; it ends in %g s", LEASE.total_seconds())

    def _take(self) -> DatabaseRow | None:
        """Take the lease; return its holder if that is another process that may be running."""
        with self._database.write() as connection:
            acquire_advisory_locks(connection, "running lease")
            row = connection.execute(select(platform).where(platform.c.id == ROW)).one()
            now = dates.now()
            # A date further ahead than a lease lasts is not one: the clock was set back.
            is_live = row.running_until is not None and now < row.running_until <= now + LEASE
            if is_live and row.runner_place != self._place:
                return row
            values = {"runner_id": self._id, "runner_place": self._place, "running_until": now + LEASE}
            connection.execute(update(platform).where(platform.c.id == ROW).values(values))
        return None

    def _set(self, **values: object) -> bool:
        own = (platform.c.id == ROW) & (platform.c.runner_id == self._id)
        with self._database.write(durable=False) as connection:
            return connection.execute(update(platform).where(own).values(values)).rowcount == 1

    def _renew(self) -> None:
        while not self._closing.wait(_RENEW_SECONDS):
            try:
                is_ours = self._set(running_until=dates.now() + LEASE)
            except DatabaseAway:
                continue
            except Exception:
                log.exception("the running lease could not be renewed; retrying in %g s", _RENEW_SECONDS)
                continue
            if not is_ours:
                log.critical(
                    "another platform has started on this database while this one could not reach it; stopping"
                )
                self._on_loss()
                return
