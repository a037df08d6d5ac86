"""Internal jobs: jobs that the platform runs for itself, such as drawing labels into a video.

They run exactly as user-submitted jobs do (isolated, limited, scheduled by fair share) but are hidden from users: they
appear in no list, record no events, and do not count for any quota of running jobs.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select, update

from voxel51.server.analytics.service import AnalyticService
from voxel51.server.database.database import Database
from voxel51.server.errors import Unavailable
from voxel51.server.jobs.service import detach_files
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.server.jobs.transitions import ENDED, JobTransition, transition_jobs
from voxel51.server.storage.storage import Storage
from voxel51.wire import dates
from voxel51.wire.jobs import JobComputeMode, JobFailureType, JobState

_STOPPED = {"failure_type": JobFailureType.PLATFORM.value, "failure_message": "The result is no longer needed"}


class InternalJobs:
    """Submits and deletes internal jobs.

    ``wake`` is called after one was queued or is to be stopped. ``refusal`` says why no job runs; None: they run.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        analytics: AnalyticService,
        wake: Callable[[], None],
        refusal: str | None = None,
    ) -> None:
        self._refusal = refusal
        self._database = database
        self._storage = storage
        self._analytics = analytics
        self._wake = wake

    def submit(
        self,
        connection: Connection,
        owner_id: str,
        analytic: str,
        inputs: Mapping[str, object],
        parameters: Mapping[str, object],
        output_filename: str,
        expires_at: datetime,
    ) -> str:
        """Queue a job on data of ``owner_id`` within the caller's transaction, and return its id.

        The request is not checked: it comes from the platform itself.

        Raises:
            Unavailable: the analytic is not installed, or no job runs on this platform.
        """
        if self._refusal is not None:
            raise Unavailable(f"Jobs cannot run on this platform: {self._refusal}. Ask its operator.")
        row = self._analytics.internal(analytic)
        now, job_id = dates.now(), str(uuid4())
        values = {
            "id": job_id,
            "owner_id": owner_id,
            "name": output_filename,
            "internal": True,
            "state": JobState.QUEUED.value,
            "archived": False,
            "upload_date": now,
            "expiration_date": expires_at,
            "expired": False,
            "analytic_id": row.id,
            "compute_mode": JobComputeMode.BEST.value,
            "auto_start": True,
            "queued_at": now,
            "failure_type": JobFailureType.NONE.value,
            "request": {"analytic": analytic, "inputs": inputs, "parameters": parameters},
            "output_filename": output_filename,
            "attempts_lost": 0,
        }
        connection.execute(insert(jobs).values(values))
        self._database.after_commit(self._wake)
        return job_id

    def delete(self, connection: Connection, job_ids: Sequence[str]) -> None:
        """Delete these jobs and their files within the caller's transaction.

        Those that run are stopped first; they are deleted by a later call with the same ids.
        """
        # This locks the jobs, those too that have ended, before their attempts.
        moved = transition_jobs(connection, job_ids, JobTransition.KILL, fail_date=dates.now(), **_STOPPED)
        running = attempts.c.job_id.in_(job_ids) & attempts.c.ended_at.is_(None)
        connection.execute(update(attempts).where(running).values(stop_requested=True))
        if moved:
            self._database.after_commit(self._wake)
        # The dispatcher needs the row of a running attempt to settle it.
        busy = set(connection.execute(select(attempts.c.job_id).where(running)).scalars())
        done = [job_id for job_id in job_ids if job_id not in busy]
        for key in detach_files(connection, done):
            self._database.after_commit(partial(self._storage.delete, key))
        connection.execute(delete(jobs).where(jobs.c.id.in_(done), jobs.c.internal, jobs.c.state.in_([*ENDED])))
