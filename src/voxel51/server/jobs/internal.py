"""Jobs that the platform runs for itself, such as drawing a video with its labels.

They run exactly as those that people submit (isolated, limited, fairly in turn), but nobody sees them:
they are in no list, tell no events, and count for no quota of running jobs.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select, update

from voxel51.server.analytics.service import AnalyticService
from voxel51.server.database.database import Database
from voxel51.server.jobs.service import detach_files
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.server.jobs.transitions import ENDED, Transition, transition_jobs
from voxel51.server.storage.storage import Storage
from voxel51.wire import dates
from voxel51.wire.jobs import JobComputeMode, JobFailureType, JobState

_STOPPED = {"failure_type": JobFailureType.PLATFORM.value, "failure_message": "It is not needed any more"}


class InternalJobs:
    """Submits and forgets. ``wake`` is called after one was queued or is to be stopped."""

    def __init__(
        self, database: Database, storage: Storage, analytics: AnalyticService, wake: Callable[[], None]
    ) -> None:
        self._database = database
        self._storage = storage
        self._analytics = analytics
        self._wake = wake

    def submit(
        self,
        connection: Connection,
        owner_id: str,
        analytic: str,
        inputs: Mapping[str, Any],
        parameters: Mapping[str, Any],
        output_filename: str,
        expires_at: datetime,
    ) -> str:
        """Queue a job for what belongs to ``owner_id``, within the caller's transaction; returns its id.

        Nothing of the request is checked: it is the platform's own.

        Raises:
            Unavailable: the analytic is not installed.
        """
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

    def forget(self, connection: Connection, job_ids: Sequence[str]) -> None:
        """Forget these jobs and their files, within the caller's transaction.

        Those that run are stopped first, and are gone when they are forgotten again.
        """
        moved = transition_jobs(connection, job_ids, Transition.KILL, fail_date=dates.now(), **_STOPPED)
        running = attempts.c.job_id.in_(job_ids) & attempts.c.ended_at.is_(None)
        connection.execute(update(attempts).where(running).values(stop_requested=True))
        if moved:
            self._database.after_commit(self._wake)
        busy = set(connection.execute(select(attempts.c.job_id).where(running)).scalars())
        done = [job_id for job_id in job_ids if job_id not in busy]
        for key in detach_files(connection, done):
            self._database.after_commit(partial(self._storage.delete, key))
        connection.execute(delete(jobs).where(jobs.c.id.in_(done), jobs.c.internal, jobs.c.state.in_([*ENDED])))
