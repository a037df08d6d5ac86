"""Fair-share scheduling: the order in which queued jobs of different owners are started.

Of the jobs of one owner, the one with the highest priority is next; among equals, the one that was queued first. The
next slot goes to the owner with the fewest active jobs; among equals, to the owner who was served longest ago. So
the ten thousand jobs of one owner do not delay the single job of another. The cost grows with the number of owners that
have queued jobs, not with the number of jobs.

Parts of split jobs wait in a queue of their own, because of their states, but they are jobs of their owner like others:
they start in the same order, and each takes a slot of user-submitted jobs. A split job takes none while its parts run:
it has no attempt.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, insert, or_, select, tuple_, update

from voxel51.server.jobs.split_tables import PartState
from voxel51.server.jobs.tables import fair_share, jobs
from voxel51.wire import dates
from voxel51.wire.backoff import Backoff
from voxel51.wire.jobs import JobState
from voxel51.wire.scheduling import LONGEST_RETRY_SECONDS

AFTER_LOSS = Backoff(first_seconds=1.0, longest_seconds=60.0, growth=3.0)
"""Pauses of a job after each of its attempts that was lost: a job that kills its attempts must not keep a slot busy."""

_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_UNLIMITED = 2**62
QUEUE_ORDER = (jobs.c.queue_rank, jobs.c.queued_at, jobs.c.id)
"""Order in which the queued jobs of one owner start."""

ACTIVE_STATES = (JobState.SCHEDULED.value, JobState.RUNNING.value)
ACTIVE_PARTS = (PartState.SCHEDULED.value, PartState.RUNNING.value)


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
    scheduling: Mapping[str, Any] | None  # as `scheduling.columns_of` stores it


class Placement(NamedTuple):
    """Analytic and compute mode of jobs: what decides which machines can run them."""

    analytic_id: str
    compute_mode: str


class Excluded(NamedTuple):
    """Queued jobs that stay in the queue: those of some analytics, and those that no present machine can run."""

    analytic_ids: Sequence[str] = ()
    placements: Sequence[Placement] = ()


_NOTHING = Excluded()


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
    connection: Connection,
    limit: int,
    concurrency_limits: ConcurrencyLimits,
    *,
    internal: bool = False,
    excluded: Excluded = _NOTHING,
) -> list[QueuedJob]:
    """Lock and return up to ``limit`` queued jobs, and record that their owners were served.

    The jobs are either user-submitted or ``internal``. Those of one owner come in `QUEUE_ORDER`.
    No job that is ``excluded`` is returned.
    """
    queues = _queues(internal, excluded)
    values = _values(excluded)
    chosen: list[QueuedJob] = []
    for owner_id, count in _allocate(connection, limit, concurrency_limits, queues, values).items():
        given = {**values, "owner_id": owner_id, "count": count}
        selected = [row for queue in queues for row in connection.execute(_jobs_of_owner(queue), given)]
        selected.sort(key=lambda row: (row.queue_rank, row.queued_at, row.id))
        chosen.extend(
            QueuedJob(row.id, row.analytic_id, owner_id, row.compute_mode, row.scheduling) for row in selected[:count]
        )
        _record_service(connection, owner_id)
    return chosen


def is_any_queued(connection: Connection, *, internal: bool, excluded: Excluded = _NOTHING) -> bool:
    """Return whether a job, user-submitted or ``internal``, may be started: one that is not ``excluded``."""
    values = _values(excluded)
    return any(connection.execute(_any_queued(queue), values).first() for queue in _queues(internal, excluded))


# The statements of a claim are built once: that takes several times as long as SQLite takes to execute one.


class _Queue(NamedTuple):
    """Queued jobs that a statement is about: the state and the column ``internal`` of their rows, and whether those of
    some analytics, and some placements, are left out.
    """

    state: str
    internal: bool
    has_analytics: bool
    has_placements: bool


def _queues(internal: bool, excluded: Excluded) -> list[_Queue]:
    """Return the queues of internal jobs, or of user-submitted ones with the parts of split jobs."""
    flags = (bool(excluded.analytic_ids), bool(excluded.placements))
    queues = [_Queue(JobState.QUEUED.value, internal, *flags)]
    return queues if internal else [*queues, _Queue(PartState.QUEUED.value, True, *flags)]


def _values(excluded: Excluded) -> dict[str, object]:
    """Return the parameters of `_queued`."""
    now = dates.now()
    values: dict[str, object] = {"now": now, "latest": now + timedelta(seconds=LONGEST_RETRY_SECONDS)}
    if excluded.analytic_ids:
        values["analytic_ids"] = excluded.analytic_ids
    if excluded.placements:
        values["placements"] = [tuple(each) for each in excluded.placements]
    return values


def _queued(queue: _Queue) -> ColumnElement[bool]:
    # A time beyond any pause is of a clock that was set back since: it counts as past.
    waits = jobs.c.retry_at.between(bindparam("now"), bindparam("latest"))
    is_held = jobs.c.not_before > bindparam("now")
    may_start = or_(jobs.c.retry_at.is_(None), ~waits) & or_(jobs.c.not_before.is_(None), ~is_held)
    if queue.has_analytics:
        may_start &= jobs.c.analytic_id.not_in(bindparam("analytic_ids", expanding=True))
    if queue.has_placements:
        placement = tuple_(jobs.c.analytic_id, jobs.c.compute_mode)
        may_start &= placement.not_in(bindparam("placements", expanding=True))
    return (jobs.c.state == queue.state) & jobs.c.internal.is_(queue.internal) & may_start


@cache
def _any_queued(queue: _Queue) -> Select[str]:
    return select(jobs.c.id).where(_queued(queue)).limit(1)


@cache
def _jobs_of_owner(queue: _Queue) -> Select[*tuple[object, ...]]:
    return (
        select(*QUEUE_ORDER, jobs.c.analytic_id, jobs.c.compute_mode, jobs.c.scheduling)
        .where(_queued(queue), jobs.c.owner_id == bindparam("owner_id"))
        .order_by(*QUEUE_ORDER)
        .limit(bindparam("count"))
        # A row that another dispatcher is claiming is skipped, so dispatchers never wait for each other.
        .with_for_update(skip_locked=True)
    )


@cache
def _number_of_owner(queue: _Queue) -> Select[int]:
    of_owner = _queued(queue) & (jobs.c.owner_id == bindparam("owner_id"))
    up_to_most = select(jobs.c.id).where(of_owner).limit(bindparam("most"))
    return select(func.count()).select_from(up_to_most.subquery())


@cache
def _owners(queue: _Queue) -> Select[str]:
    """Return the query of all owners that have queued jobs which may start.

    It is recursive and leaps through the index from one owner to the next ("loose index scan"): DISTINCT would read the
    index entry of every queued job.
    """
    queued = _queued(queue)
    first = select(func.min(jobs.c.owner_id).label("owner_id")).where(queued).cte("owners", recursive=True)
    following = select(func.min(jobs.c.owner_id)).where(queued, jobs.c.owner_id > first.c.owner_id).scalar_subquery()
    owners = first.union_all(select(following).where(first.c.owner_id.is_not(None)))
    return select(owners.c.owner_id).where(owners.c.owner_id.is_not(None))


@cache
def _active_by_owner(states: tuple[str, ...], internal: bool) -> Select[str, int]:
    has_attempt = jobs.c.attempt_id.is_not(None)  # a split job whose parts run has none
    is_active = jobs.c.state.in_(states) & jobs.c.internal.is_(internal) & has_attempt
    return select(jobs.c.owner_id, func.count()).where(is_active).group_by(jobs.c.owner_id)


def active_jobs(connection: Connection, *, internal: bool = False) -> Counter[str]:
    """Return the number of active jobs by owner id: internal ones, or those of users with the parts of split jobs."""
    counted = [_active_by_owner(ACTIVE_STATES, internal)]
    if not internal:
        counted.append(_active_by_owner(ACTIVE_PARTS, True))
    active: Counter[str] = Counter()
    for statement in counted:
        active.update({row[0]: row[1] for row in connection.execute(statement)})
    return active


def _allocate(
    connection: Connection,
    limit: int,
    concurrency_limits: ConcurrencyLimits,
    queues: Sequence[_Queue],
    values: Mapping[str, object],
) -> dict[str, int]:
    """Return how many of ``limit`` slots each owner gets: no more than they have queued jobs or may run at once."""
    owner_ids = sorted({each for queue in queues for each in connection.execute(_owners(queue), values).scalars()})
    shares = fair_shares_of(connection, owner_ids, concurrency_limits, internal=queues[0].internal)
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
            given = {**values, "owner_id": chosen, "most": most[chosen]}
            counts = (connection.execute(_number_of_owner(queue), given).scalar_one() for queue in queues)
            most[chosen] = min(most[chosen], sum(counts))
        allocated[chosen] += 1
    return allocated


def fair_shares_of(
    connection: Connection, owner_ids: Sequence[str], concurrency_limits: ConcurrencyLimits, *, internal: bool = False
) -> FairShares:
    """Return the shares of these owners, each of which has queued jobs."""
    if not owner_ids:
        return FairShares([], Counter(), {})
    active = active_jobs(connection, internal=internal)
    served = {row.owner_id: row.last_served_at for row in connection.execute(select(fair_share))}
    order = sorted(owner_ids, key=lambda owner_id: served.get(owner_id, _NEVER))
    return FairShares(order, active, concurrency_limits(connection, order))


def _record_service(connection: Connection, owner_id: str) -> None:
    now = dates.now()
    of_owner = fair_share.c.owner_id == owner_id
    changed = connection.execute(update(fair_share).where(of_owner).values(last_served_at=now))
    if changed.rowcount == 0:
        connection.execute(insert(fair_share).values(owner_id=owner_id, last_served_at=now))
