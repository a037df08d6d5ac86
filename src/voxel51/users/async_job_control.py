# Generated from src/voxel51/users/job_control.py by .ci/generate_async.py: do not edit.
# Change the source, then run: make generate
"""Calls of the async client for the control of jobs: submit, cancel and follow them."""

from collections.abc import Iterable
from datetime import date

from voxel51.users.async_compound import AsyncCompoundCalls
from voxel51.users.calls import jobs
from voxel51.users.jobs import JobRequest
from voxel51.users.scheduling import Scheduling
from voxel51.wire.activity import JobActivity
from voxel51.wire.batches import BatchResponse
from voxel51.wire.jobs import JobRecord


class AsyncJobControlCalls(AsyncCompoundCalls):
    """Mix-in with the calls that submit, cancel and follow jobs."""

    async def upload_job_request(
        self,
        job_request: JobRequest,
        job_name: str,
        auto_start: bool = False,
        ttl: date | str | None = None,
        scheduling: Scheduling | None = None,
        idempotency_key: str | None = None,
    ) -> JobRecord:
        """Create a job, which starts at once if ``auto_start``, else by `start_job`. ``ttl`` is when it expires.

        ``scheduling`` holds its priority, deadline, time limit, earliest start and retries. With an
        ``idempotency_key``, the same request sent again within a day returns the job that the first one created; so a
        program that saves the key before the call creates no second job if it is interrupted.

        Raises:
            APIError: with the code 422, the key was sent with another request before.
        """
        options = None if scheduling is None else scheduling.to_options()
        return await self._send(jobs.upload(job_request, job_name, auto_start, ttl, options, idempotency_key))

    async def kill_job(self, job_id: str, reason: str | None = None) -> None:
        """Cancel a job that was started. The record of the job shows ``reason``."""
        await self._send(jobs.kill(job_id, reason))

    async def batch_kill_jobs(self, job_ids: Iterable[str], reason: str | None = None) -> dict[str, BatchResponse]:
        """Cancel many jobs that were started. The result maps each id to its response."""
        return await self._send(jobs.batch_kill(job_ids, reason))

    async def get_job_activity(self, job_id: str) -> JobActivity:
        """Return the last log lines of a job, and samples of its processors, memory and frames per second."""
        return await self._send(jobs.activity(job_id))
