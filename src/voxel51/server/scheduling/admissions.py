"""Admissions: what the controls of operators mean for the next claim, and for each job that waits."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from voxel51.server.accounts.tables import users
from voxel51.server.analytics.tables import analytics
from voxel51.server.database.types import DatabaseRow
from voxel51.server.jobs.admission import Admission
from voxel51.server.jobs.fair_share import ACTIVE_PARTS, ACTIVE_STATES
from voxel51.server.jobs.tables import internal_job, jobs, user_submitted
from voxel51.server.scheduling.controls import WHOLE_QUEUE
from voxel51.server.scheduling.tables import queue_controls
from voxel51.wire.scheduling import ControlScope

_CONTROLS = select(queue_controls)


@dataclass(frozen=True, slots=True)
class Controls:
    """Rows of the controls, by what they are about. Analytics are by name, the others by id."""

    queue: DatabaseRow | None = None
    users: Mapping[str, DatabaseRow] = field(default_factory=dict)
    applications: Mapping[str, DatabaseRow] = field(default_factory=dict)
    analytics: Mapping[str, DatabaseRow] = field(default_factory=dict)


def load_controls(connection: Connection) -> Controls:
    """Return all controls."""
    found: dict[str, dict[str, DatabaseRow]] = {}
    for row in connection.execute(_CONTROLS):
        kind, _, key = row.subject.partition(":")
        found.setdefault(kind, {})[key] = row
    return Controls(
        found.get(WHOLE_QUEUE, {}).get(""),
        found.get(ControlScope.USER, {}),
        found.get(ControlScope.APPLICATION, {}),
        found.get(ControlScope.ANALYTIC, {}),
    )


def admission(connection: Connection) -> Admission:
    """Return the admission by the present controls. Without controls this reads one small table."""
    controls = load_controls(connection)
    groups = {
        **{f"{ControlScope.APPLICATION}:{key}": row for key, row in controls.applications.items()},
        **{f"{ControlScope.ANALYTIC}:{name}": row for name, row in controls.analytics.items()},
    }
    return Admission(
        is_paused=controls.queue is not None and controls.queue.pause_reason is not None,
        paused_owners=frozenset(key for key, row in controls.users.items() if row.pause_reason is not None),
        free_slots=_free_slots(connection, groups),
        group_of_analytic=_analytics_of(connection, [*controls.analytics]),
        applications={key: f"{ControlScope.APPLICATION}:{key}" for key in controls.applications},
    )


def _analytics_of(connection: Connection, names: list[str]) -> Mapping[str, str]:
    if not names:
        return {}
    chosen = select(analytics.c.id, analytics.c.name).where(analytics.c.name.in_(names))
    return {row.id: f"{ControlScope.ANALYTIC}:{row.name}" for row in connection.execute(chosen)}


def _free_slots(connection: Connection, groups: Mapping[str, DatabaseRow]) -> dict[str, int]:
    if not groups:
        return {}
    active = active_by_group(connection)
    return {
        group: 0 if row.pause_reason is not None else row.running_jobs - active.get(group, 0)
        for group, row in groups.items()
    }


def active_by_group(connection: Connection) -> Mapping[str, int]:
    """Return the number of active jobs of each analytic and each application that has some, by group.

    A split job counts by its parts, which take the slots; it has no attempt of its own while they run.
    """
    counted = (
        # The rows of parts name no application.
        select(analytics.c.name, users.c.application_id, func.count().label("number"))
        .join(analytics, analytics.c.id == jobs.c.analytic_id)
        .join(users, users.c.id == jobs.c.owner_id)
        .where(jobs.c.attempt_id.is_not(None))
        .group_by(analytics.c.name, users.c.application_id)
    )
    found: Counter[str] = Counter()
    for is_active in (user_submitted & jobs.c.state.in_(ACTIVE_STATES), internal_job & jobs.c.state.in_(ACTIVE_PARTS)):
        for row in connection.execute(counted.where(is_active)):
            found[f"{ControlScope.ANALYTIC}:{row.name}"] += row.number
            if row.application_id is not None:
                found[f"{ControlScope.APPLICATION}:{row.application_id}"] += row.number
    return found
