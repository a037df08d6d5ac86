"""The one table of moves that a job's state may make."""

from collections.abc import Sequence
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
    return bool(move_all(connection, [job_id], step, **values))


def move_all(connection: Connection, job_ids: Sequence[str], step: Move, **values: Any) -> set[str]:
    """Make the move with each job that is in a state from which it can be made; returns which."""
    sources, target = step.value
    chosen = jobs.c.id.in_(job_ids) & jobs.c.state.in_([state.value for state in sources])
    statement = update(jobs).where(chosen).values(state=target.value, **values).returning(jobs.c.id)
    return set(connection.execute(statement).scalars())
