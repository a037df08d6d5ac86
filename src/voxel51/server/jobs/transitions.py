"""State transitions of jobs: the one table of allowed transitions. Each transition is recorded as an event.

Parts of split jobs have the same transitions, but for START, between the states of `PartState`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cache

from sqlalchemy import Connection, bindparam, case, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from voxel51.server.database.types import DatabaseRow
from voxel51.server.events import outbox
from voxel51.server.jobs.dependencies import WAITING, lock_with_dependents, settle
from voxel51.server.jobs.pipeline_ends import record_ended_runs
from voxel51.server.jobs.split_tables import PartState, SplitPhase, job_parts, split_jobs
from voxel51.server.jobs.tables import attempts, jobs
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
    FAIL_WAITING = ({JobState.READY, JobState.QUEUED}, JobState.FAILED)
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

_OF_PARTS = {
    JobState.QUEUED: PartState.QUEUED,
    JobState.SCHEDULED: PartState.SCHEDULED,
    JobState.RUNNING: PartState.RUNNING,
}
"""States of parts by those of other jobs; the others are the same."""

# Every job that ends is looked for among these: the statements are built once.
_SPLIT_STARTS = (
    select(split_jobs.c.job_id, split_jobs.c.phase, attempts.c.created_at)
    .join(jobs, jobs.c.id == split_jobs.c.job_id)
    .outerjoin(attempts, attempts.c.id == jobs.c.attempt_id)
    .where(split_jobs.c.job_id.in_(bindparam("job_ids", expanding=True)))
)
_PARTS_AMONG = select(job_parts.c.job_id).where(job_parts.c.job_id.in_(bindparam("job_ids", expanding=True)))


def transition_job(connection: Connection, job_id: str, transition: JobTransition, **values: object) -> bool:
    """Apply the transition to one job within the caller's transaction, and set the columns ``values`` with it.

    Returns:
        whether the job was in a state that allows the transition; if not, nothing is changed.
    """
    return bool(transition_jobs(connection, [job_id], transition, **values))


def transition_jobs(
    connection: Connection, job_ids: Sequence[str], transition: JobTransition, **values: object
) -> set[str]:
    """Apply the transition to each job whose state allows it; return the ids of those jobs.

    Jobs that wait for the output of a job that ends here are settled in the same transaction.
    """
    ends = transition.value[1] in ENDED
    if ends:
        lock_with_dependents(connection, job_ids)
    moved, of_users = _apply(connection, job_ids, transition, values)
    if ends:
        settle_dependents(connection, of_users)
    return moved


def settle_dependents(connection: Connection, job_ids: Sequence[str], fate: str | None = None) -> None:
    """Release the jobs that wait for these jobs, which have ended, or fail them with the reason.

    ``fate`` says what happens to these jobs if that does not follow from their rows.
    """
    ended = [*job_ids]
    while ended:  # the jobs that fail may have dependents themselves
        settled = settle(connection, ended, fate)
        take_up(connection, settled.released)
        for job_id, reason in settled.failures.items():
            failure = {"failure_type": JobFailureType.USER.value, "failure_message": reason, "fail_date": dates.now()}
            _apply(connection, [job_id], JobTransition.FAIL_WAITING, failure)
        ended, fate = [*settled.failures], None


def take_up(connection: Connection, job_ids: Sequence[str]) -> None:
    """Keep those of these queued jobs that are to be split from being claimed: their parts are claimed instead.

    SCHEDULED without an attempt is a state in which dispatchers of earlier versions leave a job alone, too. Jobs that
    wait for others are taken up when they wait no longer.
    """
    if not job_ids:
        return
    planned = split_jobs.c.phase.in_([SplitPhase.PLAN.value, SplitPhase.PARTS.value])
    waits = (jobs.c.state == JobState.READY.value) | jobs.c.not_before.is_not_distinct_from(WAITING)
    chosen = select(split_jobs.c.job_id).join(jobs, jobs.c.id == split_jobs.c.job_id)
    split = connection.execute(chosen.where(jobs.c.id.in_(job_ids), planned, ~waits)).scalars().all()
    if split:
        _apply(connection, split, JobTransition.CLAIM, {})


def _apply(
    connection: Connection, job_ids: Sequence[str], transition: JobTransition, values: Mapping[str, object]
) -> tuple[set[str], list[str]]:
    """Apply the transition, and return the ids of the jobs that moved: of all, and of those of users."""
    target = transition.value[1]
    given = {"job_ids": job_ids, **{f"new_{name}": value for name, value in values.items()}}
    moved = connection.execute(_statement(transition, tuple(values)), given).all()
    document = {field: values[name] for name, field in _EVENT_FIELDS.items() if values.get(name) is not None}
    document["state"] = target.value
    of_users = [row for row in moved if not row.internal]
    outbox.record(connection, _EVENTS[target], [(row.id, row.owner_id) for row in of_users], document)
    if target in ENDED:
        failure_type = str(values.get("failure_type") or JobFailureType.NONE)
        starts = _own_starts(connection, of_users)
        ended = [EndedJob(row.owner_id, failure_type, starts[row.id]) for row in of_users]
        record_ended_jobs(connection, [*ended, *_ended_parts(connection, moved)], _ended_at(values))
        record_ended_runs(connection, [*starts])
    return {row.id for row in moved}, [row.id for row in of_users]


def _own_starts(connection: Connection, rows: Sequence[DatabaseRow]) -> dict[str, datetime | None]:
    """Return when the last attempt at each job itself began, by job id.

    The time of the parts of a split job counts by itself: before its merge, such a job has no start of its own.
    """
    starts: dict[str, datetime | None] = {row.id: row.start_date for row in rows}
    if starts:
        for split in connection.execute(_SPLIT_STARTS, {"job_ids": [*starts]}):
            if split.phase in {SplitPhase.PLAN, SplitPhase.PARTS}:
                starts[split.job_id] = None
            elif split.phase == SplitPhase.MERGE:
                starts[split.job_id] = split.created_at
    return starts


def _ended_parts(connection: Connection, moved: Sequence[DatabaseRow]) -> list[EndedJob]:
    internal = {row.id: row for row in moved if row.internal}
    if not internal:
        return []
    parts = connection.execute(_PARTS_AMONG, {"job_ids": [*internal]}).scalars()
    return [EndedJob(internal[part_id].owner_id, None, internal[part_id].start_date) for part_id in parts]


def _ended_at(values: Mapping[str, object]) -> datetime:
    moment = values.get("completion_date") or values.get("fail_date")
    return moment if isinstance(moment, datetime) else dates.now()


@cache  # building a statement takes several times as long as SQLite takes to execute it
def _statement(transition: JobTransition, columns: tuple[str, ...]) -> ReturningUpdate[str, str, bool, datetime | None]:
    """Return the statement that applies a transition and sets ``columns``, to parameters with the prefix ``new_``."""
    sources, target = transition.value
    # The state is checked and changed by one statement: two transactions that race cannot both apply a transition.
    parts = [_OF_PARTS[state].value for state in sources if state in _OF_PARTS]
    allowed = jobs.c.state.in_([*(state.value for state in sources), *parts])
    chosen = jobs.c.id.in_(bindparam("job_ids", expanding=True)) & allowed
    state: object = target.value
    if target in _OF_PARTS and parts:
        state = case((jobs.c.state.in_(parts), _OF_PARTS[target].value), else_=target.value)
    values: dict[str, object] = {"state": state, **{name: bindparam(f"new_{name}") for name in columns}}
    statement = update(jobs).where(chosen).values(values)
    return statement.returning(jobs.c.id, jobs.c.owner_id, jobs.c.internal, jobs.c.start_date)
