"""The client's calls that take many requests: lists of any length, waiting, and whole runs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Unpack

from voxel51.users.calls import analytics, data, jobs
from voxel51.users.calls import labels as labels_calls
from voxel51.users.client import Client
from voxel51.users.jobs import require_not_failed
from voxel51.users.paging import pages
from voxel51.users.progress import JobProgress, shown_jobs
from voxel51.users.query import AnalyticsQuery, DataQuery, JobsQuery
from voxel51.users.renditions import of_data, of_job, read_rendition, save_rendition
from voxel51.users.running import Input, RunOptions, RunResult, run
from voxel51.users.several import Path
from voxel51.users.waiting import LONGEST_PAUSE_SECONDS, LookSchedule, ends_of
from voxel51.wire.analytics import AnalyticRecord
from voxel51.wire.data import DataRecord
from voxel51.wire.jobs import JobRecord
from voxel51.wire.search import KnownLabel, LabelMatches


class CompoundCalls(Client):
    """Each is one line over a flow (`voxel51.users.flows`), so that its logic is there once for all clients."""

    def iter_analytics(self, analytics_query: AnalyticsQuery | None = None) -> Iterator[AnalyticRecord]:
        """The analytics that match, or all, read as they are asked for; the oldest first unless the query says more."""
        return self._iterate(pages(analytics_query or AnalyticsQuery(), analytics.query, "analytics"))

    def iter_data(self, data_query: DataQuery | None = None) -> Iterator[DataRecord]:
        """The data that match, or all, read as they are asked for; the oldest first unless the query says more.

        Each is given once, also when others are added or deleted meanwhile.
        """
        return self._iterate(pages(data_query or DataQuery(), data.query, "data"))

    def iter_jobs(self, jobs_query: JobsQuery | None = None) -> Iterator[JobRecord]:
        """The jobs that match, or all, read as they are asked for; the oldest first unless the query says more.

        Each is given once, also when others are added or deleted meanwhile.
        """
        return self._iterate(pages(jobs_query or JobsQuery(), jobs.query, "jobs"))

    def wait(self, job_ids: Iterable[str | JobRecord], timeout: float | None = None) -> Iterator[JobRecord]:
        """The records of jobs as they end, COMPLETE or FAILED, whichever is first.

        Args:
            job_ids: ids or records of jobs.
            timeout: in seconds from this call; None waits for ever.

        Raises:
            voxel51.users.jobs.WaitTimedOut: at ``timeout``, never after it, while iterating: some have not ended.
            voxel51.transport.errors.NotFound: one of them is not there.
        """
        return self._iterate(ends_of(job_ids, LookSchedule(LONGEST_PAUSE_SECONDS, timeout, overtime=0)))

    def wait_until_job_completes(
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
        for job in self._iterate(ends_of([job_id], LookSchedule(sleep_time, max_wait_time), shown_jobs(progress))):
            require_not_failed(job)

    def run(
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
        return self._run(run(analytic, inputs, parameters, options))

    def download_data_rendition(
        self, data_id: str, rendition: str, output_path: Path | None = None, **arguments: Any
    ) -> Path:
        """Have something made of a video, and download it to ``output_path`` (default: its own name, right here).

        There are: playable, index, poster, thumbnails, frame (``number=`` or ``time=``), clip (``first=``, ``last=`` or
        ``start=``, ``end=``). It is made once; the second time it is there.
        """
        return self._run(save_rendition(of_data(data_id, rendition, arguments), output_path))

    def download_job_rendition(
        self, job_id: str, rendition: str, output_path: Path | None = None, **arguments: Any
    ) -> Path:
        """Have something made of the labels that a job left, and download it.

        There are: annotated (the video with the labels drawn into it), sheet, frame, labels, evaluation, comparison.
        """
        return self._run(save_rendition(of_job(job_id, rendition, arguments), output_path))

    def get_frame_times(self, data_id: str) -> dict[str, Any]:
        """When each frame of a video is shown: ``frame_count``, ``times`` in seconds, ``frame_rate``, …"""
        return self._run(read_rendition(of_data(data_id, "index", {})))

    def evaluate_job(self, job_id: str, truth: str, overlap: float = 0.5) -> dict[str, Any]:
        """How good a job's labels are beside true ones, the data with id ``truth``: average precision, MOTA, IDF1."""
        return self._run(read_rendition(of_job(job_id, "evaluation", {"truth": truth, "overlap": overlap})))

    def compare_jobs(self, job_id: str, other_job_id: str, overlap: float = 0.5) -> dict[str, Any]:
        """How the labels of two jobs differ: boxes and events that one of them alone has, and where."""
        arguments = {"with": other_job_id, "overlap": overlap}
        return self._run(read_rendition(of_job(job_id, "comparison", arguments)))

    def search_labels(
        self,
        labels: Iterable[str] = (),
        *,
        text: str | None = None,
        longer_than: float | None = None,
        confidence: float | None = None,
        together: bool = False,
        analytic: str | None = None,
        data_id: str | None = None,
        job_id: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> LabelMatches:
        """The jobs that found all of ``labels``, with the frames; the newest first.

        Args:
            labels: such as ``["dog", "car"]``.
            text: that was read, or a part of it.
            longer_than: seconds that each lasts without a break.
            confidence: how sure of each one was, at least once.
            together: all of them at the same time.
            analytic: full name of what found them.
            data_id: what they are found in.
            job_id: what found them.
            limit: how many jobs; 25 if not given.
            offset: how many are left out before.
        """
        call = labels_calls.search(
            labels, text=text, longer_than=longer_than, confidence=confidence, together=together, analytic=analytic,
            data_id=data_id, job_id=job_id, limit=limit, offset=offset,
        )  # fmt: skip
        return self._send(call)

    def list_labels(self) -> list[KnownLabel]:
        """Every label that a job found: in how many jobs, how often, and for how long."""
        return self._send(labels_calls.names())
