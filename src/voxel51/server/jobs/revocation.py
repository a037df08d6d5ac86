"""Revocation: stop the jobs of analytics that lost what they were permitted."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from voxel51.server.jobs.dependencies import lock_with_dependents
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.server.jobs.transitions import ENDED, JobTransition, transition_jobs
from voxel51.wire import dates
from voxel51.wire.jobs import JobFailureType, JobState

_BATCH_SIZE = 1000


def stop_jobs_of(connection: Connection, analytic_ids: Sequence[str], reason: str) -> int:
    """Fail the jobs of these versions that were started and have not ended; return how many.

    The dispatcher kills their processes in its next pass.
    """
    over = [state.value for state in (*ENDED, JobState.READY)]
    active = select(jobs.c.id).where(jobs.c.analytic_id.in_(analytic_ids), jobs.c.state.not_in(over))
    values = {"failure_type": JobFailureType.PLATFORM.value, "failure_message": reason}
    lock_with_dependents(connection, connection.execute(active).scalars().all())
    stopped = 0
    while job_ids := connection.execute(active.limit(_BATCH_SIZE)).scalars().all():
        moved = transition_jobs(connection, job_ids, JobTransition.KILL, fail_date=dates.now(), **values)
        running = attempts.c.job_id.in_(moved) & attempts.c.ended_at.is_(None)
        connection.execute(update(attempts).where(running).values(stop_requested=True))
        stopped += len(moved)
    return stopped
