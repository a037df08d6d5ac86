"""Queue positions: the order in which the dispatcher would start the queued jobs if it started them all now."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, tuple_

from voxel51.server.database.types import DatabaseRecord
from voxel51.server.jobs.fair_share import QUEUE_ORDER, ConcurrencyLimits, FairShares, fair_shares_of
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.wire.jobs import JobState

_LONG_QUEUE = 1000
_SNAPSHOT_SECONDS = 1.0
_QueueKey = tuple[int, datetime, str]
"""Values of `QUEUE_ORDER` of one job."""

_QUEUED = (jobs.c.state == JobState.QUEUED.value) & user_submitted


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """All queued jobs, as numbers. The position of a job follows from its number among the jobs of its owner.

    Attributes:
        queued: number of queued jobs by owner id.
        shares: fair shares of these owners.
    """

    queued: Mapping[str, int]
    shares: FairShares

    def position(self, owner_id: str, ahead: int) -> int:
        """Return the position of the job that has ``ahead`` queued jobs of its owner before it; 1 is next.

        A job starts when its owner has ``active + ahead`` active jobs; call this its level. Fair-share scheduling
        starts jobs by level, and equal levels in the order in which the owners were served. Jobs that exceed the limit
        of their owner wait for other jobs to end, so they come after all jobs that do not.
        """
        level = self.shares.active[owner_id] + ahead
        may_start = ahead < self.shares.available_slots(owner_id)
        before, own_index = 0, list(self.shares.order).index(owner_id)
        for index, other in enumerate(self.shares.order):
            queued = self.queued[other]
            startable = min(queued, self.shares.available_slots(other))
            # Jobs of the other owner at a lower level; at the same level too, if that owner is served first.
            lower = level - self.shares.active[other] + (index < own_index)
            before += min(max(lower, 0), startable) if may_start else max(startable, min(lower, queued))
        return before + 1


class QueuePositions:
    """Positions of queued jobs, from counts in an index; no job is read.

    If more than `_LONG_QUEUE` jobs are queued, they are counted at most once a second instead of for every caller, so
    that positions may be a second old.
    """

    def __init__(self, concurrency_limits: ConcurrencyLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._concurrency_limits = concurrency_limits
        self._clock = clock
        self._latest: tuple[float, QueueSnapshot] | None = None

    def of(self, connection: Connection, rows: Iterable[DatabaseRecord]) -> dict[str, int]:
        """Return the position of each of these jobs that is QUEUED, by job id."""
        by_owner: dict[str, list[_QueueKey]] = {}
        for row in rows:
            if row["state"] == JobState.QUEUED:
                by_owner.setdefault(row["owner_id"], []).append((row["queue_rank"], row["queued_at"], row["id"]))
        snapshot = self._snapshot(connection, by_owner.keys()) if by_owner else None
        return {
            job_id: snapshot.position(owner_id, ahead)
            for owner_id, wanted in by_owner.items()
            for job_id, ahead in _count_ahead(connection, owner_id, sorted(wanted)).items()
            if snapshot is not None and owner_id in snapshot.queued
        }

    def _snapshot(self, connection: Connection, owner_ids: Set[str]) -> QueueSnapshot:
        now = self._clock()
        if self._latest is not None and now < self._latest[0] + _SNAPSHOT_SECONDS:
            snapshot = self._latest[1]
            if sum(snapshot.queued.values()) > _LONG_QUEUE and snapshot.queued.keys() >= owner_ids:
                return snapshot
        counted = select(jobs.c.owner_id, func.count()).where(_QUEUED).group_by(jobs.c.owner_id)
        queued = {row[0]: row[1] for row in connection.execute(counted.order_by(jobs.c.owner_id))}
        snapshot = QueueSnapshot(queued, fair_shares_of(connection, [*queued], self._concurrency_limits))
        self._latest = now, snapshot
        return snapshot


def _count_ahead(connection: Connection, owner_id: str, wanted: Sequence[_QueueKey]) -> dict[str, int]:
    """Return how many queued jobs of the owner are before each of the ``wanted`` ones, which are in queue order."""
    queue_key, of_owner = tuple_(*QUEUE_ORDER), _QUEUED & (jobs.c.owner_id == owner_id)
    (first, last), wanted_ids = (wanted[0], wanted[-1]), {job_id for *_, job_id in wanted}
    before: int = connection.execute(select(func.count()).where(of_owner, queue_key < first)).scalar_one()
    if len(wanted) == 1:
        return {wanted[0][-1]: before}
    among = select(jobs.c.id).where(of_owner, queue_key >= first, queue_key <= last).order_by(*QUEUE_ORDER)
    numbered = enumerate(connection.execute(among).scalars(), before)
    return {job_id: number for number, job_id in numbered if job_id in wanted_ids}
