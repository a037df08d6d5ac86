"""The calls of the client for asyncio that take many requests: lists of any length, waiting, and whole runs."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Unpack

from voxel51.users.async_client import AsyncClient
from voxel51.users.calls import analytics, data, jobs
from voxel51.users.jobs import require_not_failed
from voxel51.users.paging import pages
from voxel51.users.progress import JobProgress, shown_jobs
from voxel51.users.query import AnalyticsQuery, DataQuery, JobsQuery
from voxel51.users.running import Input, RunOptions, RunResult, run
from voxel51.users.waiting import LONGEST_PAUSE_SECONDS, LookSchedule, ends_of
from voxel51.wire.analytics import Analytic
from voxel51.wire.data import Data
from voxel51.wire.jobs import Job


class AsyncCompoundCalls(AsyncClient):
    """Each is one line over a flow (`voxel51.users.flows`), so that its logic is there once for all clients."""

    def iter_analytics(self, analytics_query: AnalyticsQuery | None = None) -> AsyncIterator[Analytic]:
        """The analytics that match, or all, read as they are asked for; the oldest first unless the query says more."""
        return self._iterate(pages(analytics_query or AnalyticsQuery(), analytics.query, "analytics"))

    def iter_data(self, data_query: DataQuery | None = None) -> AsyncIterator[Data]:
        """The data that match, or all, read as they are asked for; the oldest first unless the query says more.

        Each is given once, also when others are added or deleted meanwhile.
        """
        return self._iterate(pages(data_query or DataQuery(), data.query, "data"))

    def iter_jobs(self, jobs_query: JobsQuery | None = None) -> AsyncIterator[Job]:
        """The jobs that match, or all, read as they are asked for; the oldest first unless the query says more.

        Each is given once, also when others are added or deleted meanwhile.
        """
        return self._iterate(pages(jobs_query or JobsQuery(), jobs.query, "jobs"))

    def wait(self, job_ids: Iterable[str | Job], timeout: float | None = None) -> AsyncIterator[Job]:
        """The records of jobs as they end, COMPLETE or FAILED, whichever is first.

        Args:
            job_ids: ids or records of jobs.
            timeout: in seconds from this call; None waits for ever.

        Raises:
            voxel51.users.jobs.WaitTimedOut: at ``timeout``, never after it, while iterating: some have not ended.
            voxel51.transport.errors.NotFound: one of them is not there.
        """
        return self._iterate(ends_of(job_ids, LookSchedule(LONGEST_PAUSE_SECONDS, timeout, overtime=0)))

    async def wait_until_job_completes(
        self, job_id: str, sleep_time: float = 5, max_wait_time: float = 600, progress: bool | JobProgress | None = None
    ) -> None:
        """Return when a job is done. It is looked at often at first, and at least every ``sleep_time`` seconds.

        Args:
            job_id: the job.
            sleep_time: in seconds.
            max_wait_time: in seconds.
            progress: True shows a bar; a function is called after every look: ``progress(job, status)``.

        Raises:
            JobExecutionError: the job failed, or is not done after ``max_wait_time``.
        """
        async for job in self._iterate(
            ends_of([job_id], LookSchedule(sleep_time, max_wait_time), shown_jobs(progress))
        ):
            require_not_failed(job)

    async def run(
        self,
        analytic: str,
        inputs: Mapping[str, Input],
        parameters: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> RunResult:
        """Run an analytic on files, from upload to download, in one call.

        Args:
            analytic: its full name.
            inputs: input name -> path of a file, which is uploaded; or id or record of data, which is taken as it is.
            parameters: parameter name -> value; a ``pathlib.Path`` is uploaded.
            options: see `RunOptions`.

        Raises:
            OSError: a local file is not there, or the output cannot be written.
            JobExecutionError: the job failed; or, as `WaitTimedOut`, it did not end in time.
        """
        return await self._run(run(analytic, inputs, parameters, options))
