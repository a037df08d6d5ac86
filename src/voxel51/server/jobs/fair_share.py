"""Whose job comes next: the owner who has least running, and among those who was served longest ago."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from voxel51.server.analytics.tables import analytics
from voxel51.server.jobs.tables import fair_share, jobs
from voxel51.wire import dates
from voxel51.wire.jobs import JobState

_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_ANY = 2**62
_UNDERWAY = [JobState.SCHEDULED.value, JobState.RUNNING.value]


ConcurrencyLimits = Callable[[Connection, Sequence[str]], Mapping[str, int]]
"""How many jobs of each of these owners may run at once; who is left out, any number."""


@dataclass(frozen=True, slots=True)
class FairShares:
    """Owners in the ``order`` of their turns, how many jobs of each are ``underway``, and the ``most`` that may be."""

    order: Sequence[str]
    underway: Mapping[str, int]
    most: Mapping[str, int]

    def room(self, owner_id: str) -> int:
        """How many more jobs of an owner may be underway."""
        return max(0, self.most.get(owner_id, _ANY) - self.underway[owner_id])


def next_jobs(
    connection: Connection, limit: int, most_running: ConcurrencyLimits, *, internal: bool = False
) -> list[Row[Any]]:
    """Up to ``limit`` queued jobs, ``id`` and ``entry_point`` of each, and note that their owners had their turn.

    Either those that people submitted, or the platform's own (``internal``).

    Owners take turns, so that one's ten thousand jobs do not keep another's one waiting. Within an owner's, the longest
    waiting comes first. The cost grows with the owners that wait, and not with the jobs.
    """
    chosen: list[Row[Any]] = []
    for owner_id, count in _allocate(connection, limit, most_running, internal).items():
        waiting = (
            select(jobs.c.id, analytics.c.entry_point)
            .join(analytics, analytics.c.id == jobs.c.analytic_id)
            .where(jobs.c.state == JobState.QUEUED.value, jobs.c.owner_id == owner_id, jobs.c.internal.is_(internal))
            .order_by(jobs.c.queued_at, jobs.c.id)
            .limit(count)
            .with_for_update(skip_locked=True, of=jobs)
        )
        chosen.extend(connection.execute(waiting))
        _note_turn(connection, owner_id)
    return chosen


def _allocate(connection: Connection, limit: int, most_running: ConcurrencyLimits, internal: bool) -> dict[str, int]:
    """How many of ``limit`` places each owner gets, in the order of their turns; none more than he has jobs waiting, or
    may run at once."""
    shares = fair_shares_of(connection, _waiting_owners(connection, internal), most_running, internal=internal)
    slots: Counter[str] = Counter()
    most = {owner_id: min(limit, shares.room(owner_id)) for owner_id in shares.order}
    for _ in range(limit):
        free = [owner_id for owner_id in shares.order if slots[owner_id] < most[owner_id]]
        if not free:
            break
        chosen = min(free, key=lambda owner_id: shares.underway[owner_id] + slots[owner_id])
        if chosen not in slots:
            most[chosen] = _waiting_jobs(connection, chosen, most[chosen], internal)
        slots[chosen] += 1
    return slots


def _waiting_jobs(connection: Connection, owner_id: str, most: int, internal: bool) -> int:
    """How many queued jobs an owner has, counted up to ``most``."""
    of_owner = (jobs.c.state == JobState.QUEUED.value) & (jobs.c.owner_id == owner_id) & jobs.c.internal.is_(internal)
    counted = select(func.count()).select_from(select(jobs.c.id).where(of_owner).limit(most).subquery())
    return connection.execute(counted).scalar_one()


def fair_shares_of(
    connection: Connection, owner_ids: Sequence[str], most_running: ConcurrencyLimits, *, internal: bool = False
) -> FairShares:
    """How these owners, who have jobs waiting, stand to each other."""
    if not owner_ids:
        return FairShares([], Counter(), {})
    going = jobs.c.state.in_(_UNDERWAY) & jobs.c.internal.is_(internal)
    counted = select(jobs.c.owner_id, func.count()).where(going).group_by(jobs.c.owner_id)
    underway = Counter({row[0]: row[1] for row in connection.execute(counted)})
    served = {row.owner_id: row.last_served_at for row in connection.execute(select(fair_share))}
    order = sorted(owner_ids, key=lambda owner_id: served.get(owner_id, _NEVER))
    return FairShares(order, underway, most_running(connection, order))


def _waiting_owners(connection: Connection, internal: bool) -> list[str]:
    """Everybody with a queued job, found by leaping from owner to owner through the index."""
    queued = (jobs.c.state == JobState.QUEUED.value) & jobs.c.internal.is_(internal)
    first = select(func.min(jobs.c.owner_id).label("owner_id")).where(queued).cte("owners", recursive=True)
    following = select(func.min(jobs.c.owner_id)).where(queued, jobs.c.owner_id > first.c.owner_id).scalar_subquery()
    owners = first.union_all(select(following).where(first.c.owner_id.is_not(None)))
    found = select(owners.c.owner_id).where(owners.c.owner_id.is_not(None))
    return [*connection.execute(found).scalars()]


def _note_turn(connection: Connection, owner_id: str) -> None:
    now = dates.now()
    changed = connection.execute(update(fair_share).where(fair_share.c.owner_id == owner_id).values(last_served_at=now))
    if changed.rowcount == 0:
        connection.execute(insert(fair_share).values(owner_id=owner_id, last_served_at=now))
