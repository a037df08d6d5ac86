"""Which of all waiting jobs are next: the order in which the dispatcher would claim them now."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, select, tuple_

from voxel51.server.jobs.fair_share import ConcurrencyLimits, FairShares, fair_shares_of
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.wire.jobs import JobState

_MANY = 1000
_KEPT_SECONDS = 1.0
_WAITING = (jobs.c.state == JobState.QUEUED.value) & user_submitted


@dataclass(frozen=True, slots=True)
class Queue:
    """All jobs that wait, as numbers: ``waiting`` is how many each owner has, ``shares`` how owners take turns.

    An owner's jobs are served in their own order, so the place of one follows from its number among its owner's.
    """

    waiting: Mapping[str, int]
    shares: FairShares

    def position(self, owner_id: str, ahead: int) -> int:
        """The position of the job that has ``ahead`` of its owner's before it; 1 is next.

        Whoever has fewer underway is served first, among equals in the order of turns: so all jobs stand in the order
        of how many their owner would then have underway. Jobs that must wait for others of their owner, because no
        more may run at once, stand behind all those that need not.
        """
        level = self.shares.underway[owner_id] + ahead
        may_start = ahead < self.shares.room(owner_id)
        before, turn = 0, list(self.shares.order).index(owner_id)
        for place, other in enumerate(self.shares.order):
            waiting = self.waiting[other]
            startable = min(waiting, self.shares.room(other))
            lower = level - self.shares.underway[other] + (place < turn)
            before += min(max(lower, 0), startable) if may_start else max(startable, min(lower, waiting))
        return before + 1


class QueuePositions:
    """Says at which position jobs wait. Jobs are counted in an index for it, and not read.

    Where more than `_MANY` wait, they are counted once a second at most, and not for everybody who asks: positions may
    then be a second old.
    """

    def __init__(self, most_running: ConcurrencyLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_running = most_running
        self._clock = clock
        self._kept: tuple[float, Queue] | None = None

    def of(self, connection: Connection, rows: Iterable[RowMapping]) -> dict[str, int]:
        """The position of each of these jobs that is QUEUED, by id."""
        by_owner: dict[str, list[tuple[datetime, str]]] = {}
        for row in rows:
            if row["state"] == JobState.QUEUED:
                by_owner.setdefault(row["owner_id"], []).append((row["queued_at"], row["id"]))
        queue = self._queue(connection, by_owner.keys()) if by_owner else None
        return {
            job_id: queue.position(owner_id, ahead)
            for owner_id, asked in by_owner.items()
            for job_id, ahead in _ahead(connection, owner_id, sorted(asked)).items()
            if queue is not None and owner_id in queue.waiting
        }

    def _queue(self, connection: Connection, owner_ids: Set[str]) -> Queue:
        now = self._clock()
        if self._kept is not None and now < self._kept[0] + _KEPT_SECONDS:
            queue = self._kept[1]
            if sum(queue.waiting.values()) > _MANY and queue.waiting.keys() >= owner_ids:
                return queue
        counted = select(jobs.c.owner_id, func.count()).where(_WAITING).group_by(jobs.c.owner_id)
        waiting = {row[0]: row[1] for row in connection.execute(counted.order_by(jobs.c.owner_id))}
        queue = Queue(waiting, fair_shares_of(connection, [*waiting], self._most_running))
        self._kept = now, queue
        return queue


def _ahead(connection: Connection, owner_id: str, asked: Sequence[tuple[datetime, str]]) -> dict[str, int]:
    """How many jobs of their owner are before each of these, which are in their order."""
    place, of_owner = tuple_(jobs.c.queued_at, jobs.c.id), _WAITING & (jobs.c.owner_id == owner_id)
    (first, last), wanted = (asked[0], asked[-1]), {job_id for _, job_id in asked}
    before: int = connection.execute(select(func.count()).where(of_owner, place < first)).scalar_one()
    if len(asked) == 1:
        return {asked[0][1]: before}
    among = select(jobs.c.id).where(of_owner, place >= first, place <= last).order_by(jobs.c.queued_at, jobs.c.id)
    numbered = enumerate(connection.execute(among).scalars(), before)
    return {job_id: number for number, job_id in numbered if job_id in wanted}
