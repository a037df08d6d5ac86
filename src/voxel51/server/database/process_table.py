"""Table of the processes of a platform: which run, who leads, and which have stopped renewing their lease."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

import voxel51
from voxel51.server.database.tables import ROW, platform, processes
from voxel51.server.database.types import DatabaseRow
from voxel51.wire import dates


@dataclass(frozen=True, slots=True)
class ProcessDescription:
    """Description of a process.

    Attributes:
        start_id: id of the start that it belongs to: processes of an earlier start in the same place are dead.
        name: short name, for logs.
        role: what it does.
        place: host and data folder.
        storage: text that is the same for all processes with the same storage.
        key_hash: text that is the same for all processes with the same secret key.
        can_lead: whether it does the background work of the platform.
    """

    start_id: str
    name: str
    role: str
    place: str
    storage: str
    key_hash: str
    can_lead: bool


def all_processes(connection: Connection) -> Sequence[DatabaseRow]:
    """Return the rows of all processes, living or dead."""
    return connection.execute(select(processes).order_by(processes.c.started_at, processes.c.id)).all()


def add_process(connection: Connection, process_id: str, description: ProcessDescription) -> None:
    """Record a process."""
    values = {name: getattr(description, name) for name in ("start_id", "name", "role", "place", "storage", "key_hash")}
    made = {"id": process_id, "program_version": voxel51.__version__, "started_at": dates.now(), "renewals": 0}
    connection.execute(insert(processes).values(**values, **made))


def remove_process(connection: Connection, process_id: str, renewals: int | None = None) -> bool:
    """Remove a process, unless it has renewed its lease since ``renewals``; return whether it was removed."""
    chosen = processes.c.id == process_id
    if renewals is not None:
        chosen &= processes.c.renewals == renewals
    return connection.execute(delete(processes).where(chosen)).rowcount == 1


def renew_process(connection: Connection, process_id: str, state: Mapping[str, Any] | None) -> bool:
    """Renew the lease of a process and record its state; return False if it was removed."""
    values = {"renewals": processes.c.renewals + 1, "state": state}
    return connection.execute(update(processes).where(processes.c.id == process_id).values(values)).rowcount == 1


def exists_process(connection: Connection, process_id: str) -> bool:
    """Return whether a process is recorded. It is not removed before this transaction has ended."""
    found = select(processes.c.id).where(processes.c.id == process_id).with_for_update(read=True, key_share=True)
    return connection.execute(found).first() is not None


def lead(connection: Connection, process_id: str) -> bool:
    """Let a process lead if no other one does; return whether it leads."""
    vacant = or_(platform.c.leader_id.is_(None), platform.c.leader_id.not_in(select(processes.c.id)))
    connection.execute(update(platform).where(platform.c.id == ROW, vacant).values(leader_id=process_id))
    return connection.execute(select(platform.c.leader_id).where(platform.c.id == ROW)).scalar() == process_id


class LeaseObserver:
    """Finds the processes that have not renewed their lease for a time, measured by the clock of this process alone.

    Args:
        lease_seconds: length of a lease.
        longest_gap_seconds: longest time between two looks. After a longer one all is forgotten: while this process was
            paused or could not reach the database, others may have been unable to renew, too.
        clock: seconds on a monotonic clock.
    """

    def __init__(
        self, lease_seconds: float, longest_gap_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lease_seconds = lease_seconds
        self._longest_gap_seconds = longest_gap_seconds
        self._clock = clock
        self._looked_at = 0.0
        self._seen: dict[str, tuple[int, float]] = {}  # process -> renewals, and since when they are the same

    def look(self, rows: Iterable[DatabaseRow]) -> list[DatabaseRow]:
        """Return those of the rows, as they were just read, whose processes are dead."""
        now = self._clock()
        if now - self._looked_at > self._longest_gap_seconds:
            self._seen.clear()
        self._looked_at = now
        rows = list(rows)
        for row in rows:
            if self._seen.get(row.id, (-1, 0.0))[0] != row.renewals:
                self._seen[row.id] = row.renewals, now
        return [row for row in rows if now - self._seen[row.id][1] >= self._lease_seconds]
