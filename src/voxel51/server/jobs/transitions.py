"""State transitions of jobs: the one table of allowed transitions. Each transition is recorded as an event."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cache

from sqlalchemy import Connection, bindparam, update
from sqlalchemy.sql.dml import ReturningUpdate

from voxel51.server.events import outbox
from voxel51.server.jobs.tables import jobs
from voxel51.server.usage.entries import EndedJob, record_ended_jobs
from voxel51.wire import dates
from voxel51.wire.events import EventName
from voxel51.wire.jobs import JobFailureType, JobState


class JobTransition(Enum):
    """A transition: the states from which it is allowed, and the state it leads to."""

    START = ({JobState.READY}, JobState.QUEUED)
    CLAIM = ({JobState.QUEUED}, JobState.SCHEDULED)
    RUN = ({JobState.SCHEDULED}, JobState.RUNNING)
    REQUEUE = ({JobState.SCHEDULED, JobState.RUNNING}, JobState.QUEUED)
    COMPLETE = ({JobState.SCHEDULED, JobState.RUNNING}, JobState.COMPLETE)
    FAIL = ({JobState.SCHEDULED, JobState.RUNNING}, JobState.FAILED)
    KILL = ({JobState.QUEUED, JobState.SCHEDULED, JobState.RUNNING}, JobState.FAILED)


_EVENTS = {
    JobState.QUEUED: EventName.QUEUED,
    JobState.SCHEDULED: EventName.SCHEDULED,
    JobState.RUNNING: EventName.RUNNING,
    JobState.COMPLETE: EventName.COMPLETE,
    JobState.FAILED: EventName.FAILED,
}
_EVENT_FIELDS = {"failure_type": "failure_type", "failure_message": "message"}  # column -> field of the event

ENDED = frozenset({JobState.COMPLETE, JobState.FAILED})


def transition_job(connection: Connection, job_id: str, transition: JobTransition, **values: object) -> bool:
    """Apply the transition to one job within the caller's transaction, and set the columns ``values`` with it.

    Returns:
        whether the job was in a state that allows the transition; if not, nothing is changed.
    """
    return bool(transition_jobs(connection, [job_id], transition, **values))


def transition_jobs(
    connection: Connection, job_ids: Sequence[str], transition: JobTransition, **values: object
) -> set[str]:
    """Apply the transition to each job whose state allows it; return the ids of those jobs."""
    target = transition.value[1]
    given = {"job_ids": job_ids, **{f"new_{name}": value for name, value in values.items()}}
    moved = connection.execute(_statement(transition, tuple(values)), given).all()
    document = {field: values[name] for name, field in _EVENT_FIELDS.items() if values.get(name) is not None}
    document["state"] = target.value
    of_users = [row for row in moved if not row.internal]
    outbox.record(connection, _EVENTS[target], [(row.id, row.owner_id) for row in of_users], document)
    if target in ENDED:
        failure_type = str(values.get("failure_type") or JobFailureType.NONE)
        ended = [EndedJob(row.owner_id, failure_type, row.start_date) for row in of_users]
        record_ended_jobs(connection, ended, _ended_at(values))
    return {row.id for row in moved}


def _ended_at(values: Mapping[str, object]) -> datetime:
    moment = values.get("completion_date") or values.get("fail_date")
    return moment if isinstance(moment, datetime) else dates.now()


@cache  # building a statement takes several times as long as SQLite takes to execute it
def _statement(transition: JobTransition, columns: tuple[str, ...]) -> ReturningUpdate[str, str, bool, datetime | None]:
    """Return the statement that applies a transition and sets ``columns``, to parameters with the prefix ``new_``."""
    sources, target = transition.value
    # The state is checked and changed by one statement: two transactions that race cannot both apply a transition.
    chosen = jobs.c.id.in_(bindparam("job_ids", expanding=True)) & jobs.c.state.in_([state.value for state in sources])
    values: dict[str, object] = {"state": target.value, **{name: bindparam(f"new_{name}") for name in columns}}
    statement = update(jobs).where(chosen).values(values)
    return statement.returning(jobs.c.id, jobs.c.owner_id, jobs.c.internal, jobs.c.start_date)
