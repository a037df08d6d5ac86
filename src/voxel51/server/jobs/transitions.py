"""The one table of moves that a job's state may make. Each that is made is written down as an event."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

from sqlalchemy import Connection, update

from voxel51.server.events import outbox
from voxel51.server.jobs.tables import jobs
from voxel51.wire.events import EventName
from voxel51.wire.jobs import JobState


class Transition(Enum):
    """A move: the states it may start from, and the one it leads to."""

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
_TOLD = {"failure_type": "failure_type", "failure_message": "message"}

ENDED = frozenset({JobState.COMPLETE, JobState.FAILED})


def transition_job(connection: Connection, job_id: str, transition: Transition, **values: Any) -> bool:
    """Make the move within the caller's transaction, setting ``values`` with it.

    Returns:
        whether the job was in a state from which it can be made; nothing is changed if not.
    """
    return bool(transition_jobs(connection, [job_id], transition, **values))


def transition_jobs(connection: Connection, job_ids: Sequence[str], transition: Transition, **values: Any) -> set[str]:
    """Make the move with each job that is in a state from which it can be made; returns which."""
    sources, target = transition.value
    chosen = jobs.c.id.in_(job_ids) & jobs.c.state.in_([state.value for state in sources])
    statement = update(jobs).where(chosen).values(state=target.value, **values)
    moved = connection.execute(statement.returning(jobs.c.id, jobs.c.owner_id, jobs.c.internal)).all()
    document = {told: values[name] for name, told in _TOLD.items() if values.get(name) is not None}
    document["state"] = target.value
    outbox.record(connection, _EVENTS[target], [(row.id, row.owner_id) for row in moved if not row.internal], document)
    return {row.id for row in moved}
