"""The one table of moves that a job's state may make."""

from enum import Enum
from typing import Any

from sqlalchemy import Connection, update

from voxel51.server.jobs.tables import jobs
from voxel51.wire.jobs import JobState


class Move(Enum):
    """A move: the states it may start from, and the one it leads to."""

    START = ({JobState.READY}, JobState.QUEUED)
    CLAIM = ({JobState.QUEUED}, JobState.SCHEDULED)
    RUN = ({JobState.SCHEDULED}, JobState.RUNNING)
    REQUEUE = ({JobState.SCHEDULED, JobState.RUNNING}, JobState.QUEUED)
    COMPLETE = ({JobState.SCHEDULED, JobState.RUNNING}, JobState.COMPLETE)
    FAIL = ({JobState.SCHEDULED, JobState.RUNNING}, JobState.FAILED)
    KILL = ({JobState.QUEUED, JobState.SCHEDULED, JobState.RUNNING}, JobState.FAILED)


ENDED = frozenset({JobState.COMPLETE, JobState.FAILED})


def move(connection: Connection, job_id: str, step: Move, **values: Any) -> bool:
    """Make the move within the caller's transaction, setting ``values`` with it.

    Returns:
        whether the job was in a state from which it can be made; nothing is changed if not.
    """
    sources, target = step.value
    statement = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_([state.value for state in sources]))
    return connection.execute(statement.values(state=target.value, **values)).rowcount == 1
