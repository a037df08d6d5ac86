"""Calls of the client that take several requests: iterate over long lists, wait for jobs, run an analytic."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Unpack

from voxel51.users.calls import analytics, data, jobs
from voxel51.users.calls import labels as label_calls
from voxel51.users.client import Client
from voxel51.users.downloading import FilePath
from voxel51.users.jobs import require_not_failed
from voxel51.users.paging import pages
from voxel51.users.partial_labels import follow_partial_labels, save_partial_labels
from voxel51.users.progress import JobProgress, job_progress_reporter
from voxel51.users.query import AnalyticsQuery, DataQuery, JobsQuery
from voxel51.users.record_views import RecordView, view_of
from voxel51.users.renditions import of_data, of_job, read_rendition, save_rendition
from voxel51.users.running import Input, RunOptions, RunResult, output_path_of, result_of, run
from voxel51.users.waiting import LONGEST_PAUSE_SECONDS, PollSchedule, ended_jobs
from voxel51.wire.analytics import AnalyticRecord
from voxel51.wire.data import DataRecord
from voxel51.wire.documents import JsonObject
from voxel51.wire.jobs import JobRecord
from voxel51.wire.partial import PartialLabels
from voxel51.wire.search import KnownLabel, LabelMatches


class CompoundCalls(Client):
    """Mix-in with the calls that take several requests.

    Each method is one line over a flow (`voxel51.users.flows`), so the logic exists once for all clients.
    """

    def iter_analytics(self, analytics_query: AnalyticsQuery | None = None) -> Iterator[AnalyticRecord]:
        """Iterate over the analytics that match, or all; pages are fetched as needed.

        The oldest come first unless the query sorts them.
        """
        return self._iterate(
            pages(analytics_query or AnalyticsQuery(), analytics.query, lambda page: page["analytics"])
        )

    def iter_data(self, data_query: DataQuery | None = None) -> Iterator[DataRecord]:
        """Iterate over the data that match, or all; pages are fetched as needed.

        The oldest come first unless the query sorts them. Each record is returned once, even if others are added or
        deleted during the iteration.
        """
        return self._iterate(pages(data_query or DataQuery(), data.query, lambda page: page["data"]))

    def iter_jobs(self, jobs_query: JobsQuery | None = None) -> Iterator[JobRecord]:
        """Iterate over the jobs that match, or all; pages are fetched as needed.

        The oldest come first unless the query sorts them. Each record is returned once, even if others are added or
        deleted during the iteration.
        """
        return self._iterate(pages(jobs_query or JobsQuery(), jobs.query, lambda page: page["jobs"]))

    def view(self, record: Mapping[str, object]) -> RecordView:
        """Return a view of a record for notebooks: of data (with a poster), a job, a batch or a collection."""
        return view_of(record, self.token.base_api_url, self._poster)

    def retry_job_parts(self, job_id: str) -> JobRecord:
        """Submit a failed split job again, as a new job that takes over the complete parts; return its record."""
        return self._send(jobs.retry_parts(job_id))

    def iter_partial_labels(self, job_id: str) -> Iterator[PartialLabels]:
        """Yield the labels that a job finds, as they come, until it ends: each result has the ``parts`` that are new.

        After ``is_restarted``, the job has begun again: discard the labels before. A complete job yields nothing,
        because its output has all labels.
        """
        return self._iterate(follow_partial_labels(job_id))

    def download_partial_labels(self, job_id: str, output_path: FilePath | None = None) -> FilePath:
        """Download the labels that a job has found so far to ``output_path`` and return that path.

        The default path is ``<job_id>.partial.json`` in the current folder.
        """
        return self._run(save_partial_labels(job_id, output_path))

    def wait(
        self,
        job_ids: Iterable[str | JobRecord],
        timeout: float | None = None,
        progress: bool | JobProgress | None = None,
    ) -> Iterator[JobRecord]:
        """Iterate over the records of jobs as they end, COMPLETE or FAILED, in the order in which they end.

        Args:
            job_ids: ids or records of jobs.
            timeout: in seconds from this call; None waits without a limit.
            progress: True shows a progress bar for each job. A function is called after each poll of a job, as
                ``progress(job, status)``.

        Raises:
            voxel51.users.jobs.WaitTimedOut: while iterating, at ``timeout`` and never after it: some jobs have not
                ended.
            voxel51.transport.errors.NotFound: one of the jobs was not found.
        """
        schedule = PollSchedule(LONGEST_PAUSE_SECONDS, timeout, overtime=0)
        return self._iterate(ended_jobs(job_ids, schedule, job_progress_reporter(progress)))

    def wait_until_job_completes(
        self, job_id: str, sleep_time: float = 5, max_wait_time: float = 600, progress: bool | JobProgress | None = None
    ) -> None:
        """Return when a job is COMPLETE. It is polled often at first, and at least every ``sleep_time`` seconds.

        Args:
            job_id: the job.
            sleep_time: in seconds.
            max_wait_time: in seconds.
            progress: True shows a progress bar. A function is called after each poll, as ``progress(job, status)``.

        Raises:
            JobExecutionError: the job failed, or has not completed after ``max_wait_time``.
        """
        schedule = PollSchedule(sleep_time, max_wait_time)
        for job in self._iterate(ended_jobs([job_id], schedule, job_progress_reporter(progress))):
            require_not_failed(job)

    def run(
        self,
        analytic: str,
        inputs: Mapping[str, Input],
        parameters: Mapping[str, object] | None = None,
        **options: Unpack[RunOptions],
    ) -> RunResult:
        """Run an analytic on files, from upload to download, in one call.

        Args:
            analytic: the full name of the analytic.
            inputs: input name -> path of a file to upload, or id or record of uploaded data.
            parameters: parameter name -> value; a ``pathlib.Path`` is uploaded.
            options: see `RunOptions`.

        Raises:
            OSError: a local file was not found, or the output cannot be written.
            JobExecutionError: the job failed; or, as `WaitTimedOut`, it did not end in time.
        """
        return self._run(run(analytic, inputs, parameters, options, self._run_views))

    def get_result(
        self, job_id: str, output_path: FilePath | None = None, *, output_dir: FilePath | None = None
    ) -> RunResult:
        """Download the output of a complete job, and return its result as `run` does.

        ``output_path`` and ``output_dir`` are as in `RunOptions`.

        Raises:
            ValueError: the job has not ended.
            JobExecutionError: the job failed.
            OSError: the output cannot be written.
        """
        options: RunOptions = {"output_path": output_path, "output_dir": output_dir}
        return self._run(result_of(job_id, self._run_views, lambda job: output_path_of(job, options)))

    def download_data_rendition(
        self, data_id: str, rendition: str, output_path: FilePath | None = None, **arguments: object
    ) -> FilePath:
        """Download a rendition of a video: a derived file that the platform makes on demand and keeps.

        Renditions are playable, index, poster, thumbnails, frame (``number=`` or ``time=``) and clip (``first=``,
        ``last=`` or ``start=``, ``end=``). The default of ``output_path`` is the file's own name in the current folder.
        """
        return self._run(save_rendition(of_data(data_id, rendition, arguments), output_path))

    def download_job_rendition(
        self, job_id: str, rendition: str, output_path: FilePath | None = None, **arguments: object
    ) -> FilePath:
        """Download a rendition of a job's labels.

        Renditions are annotated (the video with the labels drawn on it), sheet, frame, labels, evaluation, comparison
        and charts (``zone=``, ``line=``; with ``chart=`` and ``format="csv"`` or ``"png"`` one of them). The default of
        ``output_path`` is the file's own name in the current folder.
        """
        return self._run(save_rendition(of_job(job_id, rendition, arguments), output_path))

    def get_frame_times(self, data_id: str) -> JsonObject:
        """Return when each frame of a video is shown: ``frame_count``, ``times`` in seconds, ``frame_rate``, …"""
        return self._run(read_rendition(of_data(data_id, "index", {})))

    def evaluate_job(
        self, job_id: str, truth: str | None = None, overlap: float = 0.5, *, truth_review: str | None = None
    ) -> JsonObject:
        """Measure a job's labels against true labels: average precision, precision, recall, MOTA, IDF1.

        The true labels are the data with id ``truth``, or what the review with id ``truth_review`` accepted.
        """
        arguments = {"truth": truth, "truth_review": truth_review, "overlap": overlap}
        return self._run(read_rendition(of_job(job_id, "evaluation", arguments)))

    def compare_jobs(
        self,
        job_id: str,
        other_job_id: str | None = None,
        overlap: float = 0.5,
        *,
        review: str | None = None,
        with_review: str | None = None,
    ) -> JsonObject:
        """Compare the labels of two jobs: list the boxes and events that only one of them has.

        ``review`` is the id of a review of the job, whose labels are compared instead of its output, and
        ``with_review`` the id of a review that is compared with, instead of ``other_job_id``.
        """
        arguments = {"with": other_job_id, "with_review": with_review, "review": review, "overlap": overlap}
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
        """Return the jobs that found all of ``labels``, with the frames; the newest first.

        Args:
            labels: such as ``["dog", "car"]``.
            text: recognised text, or a part of it.
            longer_than: the minimum duration of an uninterrupted span, in seconds.
            confidence: the minimum of the highest confidence in a span.
            together: require that all labels occur in the same frames.
            analytic: the full name of the analytic that found the labels.
            data_id: the video that contains the labels.
            job_id: the job that found the labels.
            limit: the maximum number of jobs; the default is 25.
            offset: how many matches to skip.
        """
        call = label_calls.search(
            labels, text=text, longer_than=longer_than, confidence=confidence, together=together, analytic=analytic,
            data_id=data_id, job_id=job_id, limit=limit, offset=offset,
        )  # fmt: skip
        return self._send(call)

    def list_labels(self) -> list[KnownLabel]:
        """List every label that a job found: in how many jobs, how often, and for how many seconds of video."""
        return self._send(label_calls.names())
