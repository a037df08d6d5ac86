"""Whose job comes next: the owner who has least running, and among those who was served longest ago."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from voxel51.server.analytics.tables import analytics
from voxel51.server.jobs.tables import jobs, turns
from voxel51.wire import dates
from voxel51.wire.jobs import JobState

_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_ANY = 2**62
_UNDERWAY = [JobState.SCHEDULED.value, JobState.RUNNING.value]


MostRunning = Callable[[Connection, Sequence[str]], Mapping[str, int]]
"""How many jobs of each of these owners may run at once; who is left out, any number."""


def next_jobs(
    connection: Connection, limit: int, most_running: MostRunning, *, internal: bool = False
) -> list[Row[Any]]:
    """Up to ``limit`` queued jobs, ``id`` and ``entry_point`` of each, and note that their owners had their turn.

    Either those that people submitted, or the platform's own (``internal``).

    Owners take turns, so that one's ten thousand jobs do not keep another's one waiting. Within an owner's, the longest
    waiting comes first. The cost grows with the owners that wait, and not with the jobs.
    """
    chosen: list[Row[Any]] = []
    for owner_id, count in _shares(connection, limit, most_running, internal).items():
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


def _shares(connection: Connection, limit: int, most_running: MostRunning, internal: bool) -> dict[str, int]:
    """How many of ``limit`` places each owner gets, in the order of their turns; none more than may run at once."""
    owners = _waiting_owners(connection, internal)
    if not owners:
        return {}
    going = jobs.c.state.in_(_UNDERWAY) & jobs.c.internal.is_(internal)
    counted = select(jobs.c.owner_id, func.count()).where(going).group_by(jobs.c.owner_id)
    underway = Counter({row[0]: row[1] for row in connection.execute(counted)})
    served = {row.owner_id: row.served_at for row in connection.execute(select(turns))}
    order = sorted(owners, key=lambda owner_id: served.get(owner_id, _NEVER))
    most = most_running(connection, order)
    shares: Counter[str] = Counter()
    for _ in range(limit):
        free = [owner_id for owner_id in order if underway[owner_id] + shares[owner_id] < most.get(owner_id, _ANY)]
        if not free:
            break
        shares[min(free, key=lambda owner_id: underway[owner_id] + shares[owner_id])] += 1
    return shares


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
    changed = connection.execute(update(turns).where(turns.c.owner_id == owner_id).values(served_at=now))
    if changed.rowcount == 0:
        connection.execute(insert(turns).values(owner_id=owner_id, served_at=now))
