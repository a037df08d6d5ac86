"""Fair-share scheduling: the order in which queued jobs of different owners are started.

The next slot goes to the owner with the fewest active jobs; among equals, to the owner who was served longest ago. So
the ten thousand jobs of one owner do not delay the single job of another. The cost grows with the number of owners that
have queued jobs, not with the number of jobs.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, insert, or_, select, update

from voxel51.server.jobs.tables import fair_share, jobs
from voxel51.wire import dates
from voxel51.wire.backoff import Backoff
from voxel51.wire.jobs import JobState

AFTER_LOSS = Backoff(first_seconds=1.0, longest_seconds=60.0, growth=3.0)
"""Pauses of a job after each of its attempts that was lost: a job that kills its attempts must not keep a slot busy."""

_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_UNLIMITED = 2**62
_ACTIVE_STATES = [JobState.SCHEDULED.value, JobState.RUNNING.value]


ConcurrencyLimits = Callable[[Connection, Sequence[str]], Mapping[str, int]]
"""Function from owner ids to how many jobs of each owner may run at once. Owners that it leaves out have no limit."""


def same_limit(amount: int) -> ConcurrencyLimits:
    """Return limits by which each owner may run ``amount`` jobs at once."""

    def limits(_connection: Connection, owner_ids: Sequence[str]) -> Mapping[str, int]:
        return dict.fromkeys(owner_ids, amount)

    return limits


class QueuedJob(NamedTuple):
    """A queued job that is to be started."""

    id: str
    analytic_id: str
    owner_id: str
    compute_mode: str


@dataclass(frozen=True, slots=True)
class FairShares:
    """Shares of the owners that have queued jobs.

    Attributes:
        order: owner ids, the one served longest ago first.
        active: number of active jobs by owner id.
        limits: limit of active jobs by owner id; owners without a limit are left out.
    """

    order: Sequence[str]
    active: Mapping[str, int]
    limits: Mapping[str, int]

    def available_slots(self, owner_id: str) -> int:
        """Return how many more jobs of an owner may become active."""
        return max(0, self.limits.get(owner_id, _UNLIMITED) - self.active[owner_id])


def next_jobs(
    connection: Connection, limit: int, concurrency_limits: ConcurrencyLimits, *, internal: bool = False
) -> list[QueuedJob]:
    """Lock and return up to ``limit`` queued jobs, and record that their owners were served.

    The jobs are either user-submitted or ``internal``. Those of one owner come in the order in which they were queued.
    """
    chosen: list[QueuedJob] = []
    for owner_id, count in _allocate(connection, limit, concurrency_limits, internal).items():
        given = {**_times(), "owner_id": owner_id, "count": count}
        selected = connection.execute(_jobs_of_owner(internal), given)
        chosen.extend(QueuedJob(row.id, row.analytic_id, owner_id, row.compute_mode) for row in selected)
        _record_service(connection, owner_id)
    return chosen


def is_any_queued(connection: Connection, *, internal: bool) -> bool:
    """Return whether a job, user-submitted or ``internal``, may be started."""
    return connection.execute(_any_queued(internal), _times()).first() is not None


# The statements of a claim are built once: that takes several times as long as SQLite takes to execute one.


def _times() -> dict[str, datetime]:
    """Return the parameters of `_queued`."""
    now = dates.now()
    return {"now": now, "latest": now + timedelta(seconds=AFTER_LOSS.longest_seconds)}


def _queued(internal: bool) -> ColumnElement[bool]:
    # A time beyond any pause is of a clock that was set back since: it counts as past.
    waits = jobs.c.retry_at.between(bindparam("now"), bindparam("latest"))
    may_start = or_(jobs.c.retry_at.is_(None), ~waits)
    return (jobs.c.state == JobState.QUEUED.value) & jobs.c.internal.is_(internal) & may_start


@cache
def _any_queued(internal: bool) -> Select[str]:
    return select(jobs.c.id).where(_queued(internal)).limit(1)


@cache
def _jobs_of_owner(internal: bool) -> Select[str, str, str]:
    return (
        select(jobs.c.id, jobs.c.analytic_id, jobs.c.compute_mode)
        .where(_queued(internal), jobs.c.owner_id == bindparam("owner_id"))
        .order_by(jobs.c.queued_at, jobs.c.id)
        .limit(bindparam("count"))
        # A row that another dispatcher is claiming is skipped, so dispatchers never wait for each other.
        .with_for_update(skip_locked=True)
    )


@cache
def _number_of_owner(internal: bool) -> Select[int]:
    of_owner = _queued(internal) & (jobs.c.owner_id == bindparam("owner_id"))
    up_to_most = select(jobs.c.id).where(of_owner).limit(bindparam("most"))
    return select(func.count()).select_from(up_to_most.subquery())


@cache
def _owners(internal: bool) -> Select[str]:
    """Return the query of all owners that have queued jobs which may start.

    It is recursive and leaps through the index from one owner to the next ("loose index scan"): DISTINCT would read the
    index entry of every queued job.
    """
    queued = _queued(internal)
    first = select(func.min(jobs.c.owner_id).label("owner_id")).where(queued).cte("owners", recursive=True)
    following = select(func.min(jobs.c.owner_id)).where(queued, jobs.c.owner_id > first.c.owner_id).scalar_subquery()
    owners = first.union_all(select(following).where(first.c.owner_id.is_not(None)))
    return select(owners.c.owner_id).where(owners.c.owner_id.is_not(None))


@cache
def _active_by_owner(internal: bool) -> Select[str, int]:
    is_active = jobs.c.state.in_(_ACTIVE_STATES) & jobs.c.internal.is_(internal)
    return select(jobs.c.owner_id, func.count()).where(is_active).group_by(jobs.c.owner_id)


def _allocate(
    connection: Connection, limit: int, concurrency_limits: ConcurrencyLimits, internal: bool
) -> dict[str, int]:
    """Return how many of ``limit`` slots each owner gets: no more than they have queued jobs or may run at once."""
    owner_ids = [*connection.execute(_owners(internal), _times()).scalars()]
    shares = fair_shares_of(connection, owner_ids, concurrency_limits, internal=internal)
    allocated: Counter[str] = Counter()
    most = {owner_id: min(limit, shares.available_slots(owner_id)) for owner_id in shares.order}
    # Slots are given out one by one: each may change which owner has the fewest active jobs.
    for _ in range(limit):
        candidates = [owner_id for owner_id in shares.order if allocated[owner_id] < most[owner_id]]
        if not candidates:
            break
        # min() returns the first of equals, and the candidates are in the order in which they were served.
        chosen = min(candidates, key=lambda owner_id: shares.active[owner_id] + allocated[owner_id])
        if chosen not in allocated:  # the jobs of an owner are counted only once they get a slot
            most[chosen] = _count_queued(connection, chosen, most[chosen], internal)
        allocated[chosen] += 1
    return allocated


def _count_queued(connection: Connection, owner_id: str, most: int, internal: bool) -> int:
    """Return how many queued jobs an owner has, counted up to ``most``."""
    given = {**_times(), "owner_id": owner_id, "most": most}
    return connection.execute(_number_of_owner(internal), given).scalar_one()


def fair_shares_of(
    connection: Connection, owner_ids: Sequence[str], concurrency_limits: ConcurrencyLimits, *, internal: bool = False
) -> FairShares:
    """Return the shares of these owners, each of which has queued jobs."""
    if not owner_ids:
        return FairShares([], Counter(), {})
    active = Counter({row[0]: row[1] for row in connection.execute(_active_by_owner(internal))})
    served = {row.owner_id: row.last_served_at for row in connection.execute(select(fair_share))}
    order = sorted(owner_ids, key=lambda owner_id: served.get(owner_id, _NEVER))
    return FairShares(order, active, concurrency_limits(connection, order))


def _record_service(connection: Connection, owner_id: str) -> None:
    now = dates.now()
    of_owner = fair_share.c.owner_id == owner_id
    changed = connection.execute(update(fair_share).where(of_owner).values(last_served_at=now))
    if changed.rowcount == 0:
        connection.execute(insert(fair_share).values(owner_id=owner_id, last_served_at=now))
