"""Membership: a process joins the processes that run one platform, and holds a lease that it renews.

A process counts as dead once another one has watched for a whole lease, without a break and by its own clock, that the
lease was not renewed. So neither clocks that differ nor an outage of the database, in which no process can renew, make
a process dead. The row of a dead process is removed, which fences it: it can claim no more jobs, and joins again under
a new id once it notices. One process leads, and does the background work.

This does not use advisory locks of sessions: a paused process would keep them for ever, and a pooler loses them.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select

from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.process_table import (
    LeaseObserver,
    ProcessDescription,
    add_process,
    all_processes,
    exists_process,
    lead,
    remove_process,
    renew_process,
)
from voxel51.server.database.tables import ROW, platform
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import DatabaseAway, Unavailable
from voxel51.wire import dates

log = logging.getLogger(__name__)

LEASE_SECONDS = 8.0
RENEW_SECONDS = 1.0
_LONGEST_GAP_SECONDS = 4.0
_JOIN_POLL_SECONDS = 0.2
_EARLIER_LEASE = timedelta(seconds=10)
_EARLIER_RENEW_SECONDS = 3.0

State = Mapping[str, Any]


class AlreadyRunning(RuntimeError):
    """A process of another platform, or of this one with other settings, runs on the database. The text says where."""


class Membership:
    """Membership of this process. Any thread may ask it.

    On SQLite the process is alone, because it holds the lock of the data folder: nothing is renewed.

    Args:
        database: the database, whose identity is recorded.
        description: description of this process.
        on_refusal: called if this process was taken for dead, and must not join again.
    """

    def __init__(
        self, database: Database, description: ProcessDescription, on_refusal: Callable[[], object] = list
    ) -> None:
        self._database = database
        self._description = description
        self._on_refusal = on_refusal
        self._is_alone = database.engine.dialect.name == "sqlite"
        self._id = str(uuid.uuid4())
        self._renewed_at = 0.0
        self._leads = False
        self._others: Sequence[DatabaseRow] = ()
        self._observer = LeaseObserver(LEASE_SECONDS, _LONGEST_GAP_SECONDS)
        self._state: Callable[[], State | None] = lambda: None
        self._on_change: list[Callable[[], object]] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="membership", daemon=True)

    @property
    def id(self) -> str:
        """The id of this process. It has another one after it was taken for dead."""
        return self._id

    @property
    def leads(self) -> bool:
        """Whether this process does the background work now."""
        return self._leads and self.is_held()

    @property
    def others(self) -> Sequence[DatabaseRow]:
        """The rows of the other living processes, as of the last renewal."""
        return self._others

    def is_held(self) -> bool:
        """Return whether this process holds its lease: no other one can have taken it for dead."""
        return self._is_alone or time.monotonic() - self._renewed_at < LEASE_SECONDS

    def publish(self, state: Callable[[], State | None]) -> None:
        """Record what ``state`` returns with every renewal, for other processes."""
        self._state = state

    def on_change(self, act: Callable[[], object]) -> None:
        """Call ``act``, from the thread of the lease, when a process has left or died, or this one has a new id."""
        self._on_change.append(act)

    def check(self, connection: Connection) -> None:
        """Check, in a write transaction, that this process was not taken for dead, nor is until the transaction ends.

        Raises:
            Unavailable: it was.
        """
        if not self._is_alone and not exists_process(connection, self._id):
            raise Unavailable("this process did not renew its lease in time; it joins again")

    def join(self) -> None:
        """Join the processes of the platform. Wait for the end of a lease that may be of a dead process.

        Raises:
            AlreadyRunning: a living process has another storage or another secret key.
        """
        self._wait_for_earlier_version()
        observer = LeaseObserver(LEASE_SECONDS, _LONGEST_GAP_SECONDS)
        first: dict[str, int] = {}
        while conflicting := self._try_to_join(observer):
            for row in conflicting:
                if row.renewals != first.setdefault(row.id, row.renewals):  # it lives
                    raise _conflict(row, self._description)
            self._closing.wait(_JOIN_POLL_SECONDS)

    def open(self) -> None:
        """Begin to renew the lease."""
        if not self._is_alone:
            self._thread.start()

    def close(self) -> None:
        """Leave, so that other processes need not wait for the end of the lease."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            with self._database.write(durable=False) as connection:
                remove_process(connection, self._id)
        except DatabaseAway:
            log.warning("the lease of this process could not be given back; it ends in %g s", LEASE_SECONDS)

    def _wait_for_earlier_version(self) -> None:
        deadline = time.monotonic() + _EARLIER_LEASE.total_seconds() + _EARLIER_RENEW_SECONDS
        while (place := self._place_of_earlier_version()) is not None:
            if time.monotonic() > deadline:
                raise AlreadyRunning(f"a platform of an earlier version runs on this database: {place}. Stop it first")
            self._closing.wait(_JOIN_POLL_SECONDS)

    def _place_of_earlier_version(self) -> str | None:
        """Return where a process of an earlier version runs, which knows no other processes; None if none does."""
        with self._database.read() as connection:
            row = connection.execute(select(platform).where(platform.c.id == ROW)).one()
        now = dates.now()
        is_live = row.running_until is not None and now < row.running_until <= now + _EARLIER_LEASE
        return row.runner_place if is_live and row.runner_place != self._description.place else None

    def _try_to_join(self, observer: LeaseObserver) -> list[DatabaseRow]:
        """Join unless the processes that are returned prevent it."""
        sent = time.monotonic()
        own = self._description
        with self._database.write() as connection:
            acquire_advisory_locks(connection, "processes")
            rows = all_processes(connection)
            dead = {row.id for row in rows if self._is_alone or _preceded(row, own)}
            dead |= {row.id for row in observer.look(rows)}
            for process_id in dead:
                remove_process(connection, process_id)
            living = [row for row in rows if row.id not in dead]
            conflicting = [row for row in living if (row.storage, row.key_hash) != (own.storage, own.key_hash)]
            if not conflicting:
                add_process(connection, self._id, own)
                self._leads = own.can_lead and lead(connection, self._id)
                self._others, self._renewed_at = living, sent
        return conflicting

    def _loop(self) -> None:
        while not self._closing.wait(RENEW_SECONDS):
            try:
                self._renew()
            except DatabaseAway:  # logged by the database, once
                continue
            except AlreadyRunning as error:
                log.critical("this process was taken for dead, and cannot join again: %s. It stops", error)
                self._on_refusal()
                return
            except Exception:
                log.exception("the lease of this process could not be renewed; retrying in %g s", RENEW_SECONDS)

    def _renew(self) -> None:
        sent = time.monotonic()
        with self._database.write(durable=False) as connection:
            is_member = renew_process(connection, self._id, self._state())
            rows = all_processes(connection)
            self._leads = is_member and self._description.can_lead and lead(connection, self._id)
        if not is_member:
            self._join_again()
            return
        self._renewed_at = sent
        dead = self._remove_dead([row for row in rows if row.id != self._id])
        before = {row.id for row in self._others}
        self._others = [row for row in rows if row.id != self._id and row.id not in dead]
        if before - {row.id for row in self._others}:
            self._tell()

    def _remove_dead(self, rows: Sequence[DatabaseRow]) -> set[str]:
        dead = self._observer.look(rows)
        for row in dead:
            with self._database.write(durable=False) as connection:
                if remove_process(connection, row.id, row.renewals):
                    log.warning(
                        "%s at %s has not renewed its lease for %g s: it counts as dead",
                        row.name, row.place, LEASE_SECONDS,
                    )  # fmt: skip
        return {row.id for row in dead}

    def _join_again(self) -> None:
        log.warning("this process was taken for dead: its jobs are run by others. It joins again")
        self._id = str(uuid.uuid4())
        self.join()
        self._tell()

    def _tell(self) -> None:
        for act in self._on_change:
            act()


def _preceded(row: DatabaseRow, own: ProcessDescription) -> bool:
    """Return whether a process is dead because this one has its place, and with it the lock of its data folder."""
    return bool(row.place == own.place and (row.start_id != own.start_id or row.name == own.name))


def _conflict(row: DatabaseRow, own: ProcessDescription) -> AlreadyRunning:
    if row.storage == own.storage:
        return AlreadyRunning(
            f"the process {row.name} at {row.place} of this platform has another secret key. Give all processes the "
            "same file (VOXEL51_SERVER_SECRET_KEY_FILE)"
        )
    return AlreadyRunning(
        f"a platform is already running on this database: {row.place}. Stop it, or give this one a database and a data "
        "folder of its own. Processes of one platform share the folder of the stored files "
        "(VOXEL51_SERVER_STORAGE_DIR) or a bucket (VOXEL51_SERVER_STORAGE_URL)"
    )
