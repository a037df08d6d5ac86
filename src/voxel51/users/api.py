"""API client for users: one method per call to the platform.

Every method raises `APIError` when the platform rejects the request, or its subclass
`voxel51.transport.errors.ConnectionFailed` when the platform cannot be reached. Results are the plain dictionaries that
the platform sent. Requests are retried after a broken connection if they only read, if repeating them has no further
effect, or if the platform can recognise the repetition by its idempotency key.
"""

import os
from collections.abc import Iterable
from datetime import date
from typing import overload

from voxel51.transport.errors import APIError
from voxel51.transport.multipart import UploadProgress
from voxel51.transport.saving import DownloadProgress
from voxel51.users.calls import analytics, data, jobs, platform, secrets
from voxel51.users.collections import CollectionCalls
from voxel51.users.data_sources import DataSourceCalls
from voxel51.users.datasets import DatasetCalls
from voxel51.users.downloading import save_data, save_log, save_output
from voxel51.users.job_batches import BatchCalls
from voxel51.users.job_control import JobControlCalls
from voxel51.users.job_states import is_complete, is_expired, state_of
from voxel51.users.jobs import JobRequest
from voxel51.users.paging import find_analytic_id
from voxel51.users.pipelines import PipelineCalls
from voxel51.users.query import AnalyticsQuery, DataQuery, JobsQuery
from voxel51.users.renditions import of_job, save_rendition
from voxel51.users.reviews import ReviewCalls
from voxel51.users.rules import RuleCalls
from voxel51.users.schedules import ScheduleCalls
from voxel51.users.sources import Uploadable
from voxel51.users.uploading import UploadOptions, upload_sources
from voxel51.wire.analytics import AnalyticDocument, AnalyticImageType, AnalyticList, AnalyticRecord, AnalyticType
from voxel51.wire.batches import BatchResponse
from voxel51.wire.bundles import Build, BuildLogPart
from voxel51.wire.data import DataList, DataRecord
from voxel51.wire.jobs import JobList, JobRecord
from voxel51.wire.overview import Worker
from voxel51.wire.partial import PartialLabels
from voxel51.wire.secrets import Secret
from voxel51.wire.status import Statuses
from voxel51.wire.tasks import TaskStatusDocument

__all__ = ["API", "APIError", "AnalyticImageType", "AnalyticType"]

Path = str | os.PathLike[str]
Responses = dict[str, BatchResponse]


class API(
    BatchCalls,
    CollectionCalls,
    DataSourceCalls,
    DatasetCalls,
    JobControlCalls,
    PipelineCalls,
    ReviewCalls,
    RuleCalls,
    ScheduleCalls,
):
    """API client for one user.

    Args:
        token: the credentials; None loads the active token.
        keep_alive: whether to keep connections open between calls, which is several times as fast.

    Raises:
        voxel51.users.auth.TokenError: no token was found, or the token is invalid.
    """

    # --- analytics

    def list_analytics(self, all_versions: bool = False) -> list[AnalyticRecord]:
        """List the available analytics: the latest version of each, or all versions."""
        return self._send(analytics.list_all(all_versions))

    def query_analytics(self, analytics_query: AnalyticsQuery) -> AnalyticList:
        """Return the analytics that match, under the key ``analytics``."""
        return self._send(analytics.query(analytics_query))

    def get_analytic_id(self, name: str, version: str | None = None) -> str:
        """Return the id of the analytic with the full name ``name``, in ``version`` or the latest one.

        Raises:
            ValueError: the analytic was not found.
        """
        return self._run(find_analytic_id(name, version))

    def get_analytic_details(self, analytic_id: str) -> AnalyticRecord:
        """Return the record of an analytic."""
        return self._send(analytics.details(analytic_id))

    def get_analytic_doc(self, analytic_id: str) -> AnalyticDocument:
        """Return the document of an analytic: its inputs, parameters and outputs."""
        return self._send(analytics.doc(analytic_id))

    def upload_analytic(self, doc_json_path: Path, analytic_type: str | None = None) -> AnalyticRecord:
        """Register an analytic by its document, a JSON file. ``analytic_type`` is an `AnalyticType`."""
        return self._send(analytics.upload(doc_json_path, analytic_type))

    def upload_analytic_image(
        self, analytic_id: str, image_tar_path: Path, image_type: str, progress: bool | UploadProgress | None = None
    ) -> None:
        """Upload the container image of an analytic, a tar file. ``image_type`` is an `AnalyticImageType`."""
        self._send(analytics.upload_image(analytic_id, image_tar_path, image_type, progress))

    def deploy_analytic(self, path: Path, progress: bool | UploadProgress | None = None) -> AnalyticRecord:
        """Deploy the analytic of a Python file or project folder. It is pending until its environment is built.

        Raises:
            ValueError: the path is neither a Python file nor a folder.
        """
        return self._send(analytics.deploy(path, progress))

    def get_analytic_build(self, analytic_id: str) -> Build:
        """Return the build of an analytic that you deployed: its state, and why it failed."""
        return self._send(analytics.build(analytic_id))

    def get_analytic_build_log(self, analytic_id: str, offset: int = 0) -> BuildLogPart:
        """Return the log of a build from a byte offset on, also while it runs."""
        return self._send(analytics.build_log(analytic_id, offset))

    def make_analytic_latest(self, analytic_id: str) -> AnalyticRecord:
        """Make a version of your analytic the latest, such as an earlier one, until a higher version is ready."""
        return self._send(analytics.make_latest(analytic_id))

    def delete_analytic(self, analytic_id: str) -> None:
        """Delete one version of an analytic that you own."""
        self._send(analytics.delete(analytic_id))

    def batch_get_analytic_details(self, analytic_ids: Iterable[str]) -> Responses:
        """Return the records of many analytics. The result maps each id to its response."""
        return self._send(analytics.batch_details(analytic_ids))

    # --- data

    def list_data(self) -> list[DataRecord]:
        """List all your data."""
        return self._send(data.list_all())

    def query_data(self, data_query: DataQuery) -> DataList:
        """Return the data that match, under the key ``data``."""
        return self._send(data.query(data_query))

    @overload
    def upload_data(  # type: ignore[overload-overlap]  # a str is a path, although it is iterable
        self,
        path: Uploadable,
        ttl: date | str | None = None,
        progress: bool | UploadProgress | None = None,
        verify: bool | None = None,
        reuse: bool = False,
    ) -> DataRecord: ...

    @overload
    def upload_data(
        self,
        path: Iterable[Uploadable],
        ttl: date | str | None = None,
        progress: bool | UploadProgress | None = None,
        verify: bool | None = None,
        reuse: bool = False,
    ) -> list[DataRecord]: ...

    def upload_data(
        self,
        path: Uploadable | Iterable[Uploadable],
        ttl: date | str | None = None,
        progress: bool | UploadProgress | None = None,
        verify: bool | None = None,
        reuse: bool = False,
    ) -> DataRecord | list[DataRecord]:
        """Upload a file and keep it until ``ttl``, or for the platform's default lifetime.

        The upload of a large file resumes after a broken connection. After a restart of either side it resumes when
        this method is called again with the same file.

        Args:
            path: a path, a file opened in binary mode, or several of them; the results are in the same order.
            ttl: a date.
            progress: True shows a progress bar. A function is called repeatedly, from another thread, as
                ``progress(bytes_sent, total)``.
            verify: whether to hash the local file as well and compare the hashes. By default only interrupted uploads
                are verified. Verifying reads the file once more and costs about 0.6 s of CPU time per GiB.
            reuse: whether to return the record of the same bytes, if you uploaded them before, instead of uploading
                them again. The record may have another name; it expires no sooner than a new upload would.

        Raises:
            OSError: the file was not found, or it changed during the upload.
            voxel51.transport.errors.Damaged: the uploaded bytes differ from the file; the upload was deleted.
        """
        return self._run(upload_sources(path, UploadOptions(ttl, progress, verify, reuse)))

    def post_data_as_url(
        self,
        url: str,
        filename: str,
        mime_type: str,
        size: int,
        expiration_date: date | str | None = None,
        encoding: str | None = None,
        ttl: date | str | None = None,
    ) -> DataRecord:
        """Register data that the platform reads from ``url``, which must stay valid until ``expiration_date``.

        ``size`` is in bytes. The positional order of the oldest clients, with ``encoding`` fifth and ``ttl`` sixth, is
        accepted as well.
        """
        if not data.is_date(expiration_date):
            expiration_date, encoding = encoding, str(expiration_date)
        return self._send(data.post_url(url, filename, mime_type, size, expiration_date or ttl, encoding))

    def get_data_details(self, data_id: str) -> DataRecord:
        """Return the record of your data."""
        return self._send(data.details(data_id))

    def download_data(
        self, data_id: str, output_path: Path | None = None, progress: bool | DownloadProgress | None = None
    ) -> Path:
        """Download data to ``output_path`` and return that path. The default is its own name in the current folder."""
        return self._run(save_data(data_id, output_path, progress))

    def get_data_download_url(self, data_id: str) -> str:
        """Return a signed URL from which the data can be downloaded without further credentials."""
        return self._send(data.content_url(data_id))

    def update_data_ttl(
        self, data_id: str, days: float | str | None = None, expiration_date: date | str | None = None
    ) -> None:
        """Extend the lifetime of data by ``days`` (negative: shorten it), or set its expiration date."""
        self._send(data.update_ttl(data_id, days, expiration_date))

    def delete_data(self, data_id: str) -> None:
        """Delete data."""
        self._send(data.delete(data_id))

    def batch_get_data_details(self, data_ids: Iterable[str]) -> Responses:
        """Return the records of many data. The result maps each id to its response."""
        return self._send(data.batch_details(data_ids))

    def batch_update_data_ttl(
        self, data_ids: Iterable[str], days: float | str | None = None, expiration_date: date | str | None = None
    ) -> Responses:
        """Extend the lifetimes of many data, or set their expiration date. The result maps each id to its response."""
        return self._send(data.batch_update_ttl(data_ids, days, expiration_date))

    def batch_delete_data(self, data_ids: Iterable[str]) -> Responses:
        """Delete many data. The result maps each id to its response."""
        return self._send(data.batch_delete(data_ids))

    # --- jobs

    def list_jobs(self) -> list[JobRecord]:
        """List your jobs, except archived ones."""
        return self._send(jobs.list_all())

    def query_jobs(self, jobs_query: JobsQuery) -> JobList:
        """Return the jobs that match, under the key ``jobs``."""
        return self._send(jobs.query(jobs_query))

    def get_job_details(self, job_id: str) -> JobRecord:
        """Return the record of a job."""
        return self._send(jobs.details(job_id))

    def get_job_request(self, job_id: str) -> JobRequest:
        """Return the request that created a job: its analytic, inputs and parameters."""
        return self._send(jobs.request(job_id))

    def start_job(self, job_id: str) -> None:
        """Start a job that is READY."""
        self._send(jobs.act(job_id, "start"))

    def archive_job(self, job_id: str) -> None:
        """Archive a job."""
        self._send(jobs.act(job_id, "archive"))

    def unarchive_job(self, job_id: str) -> None:
        """Unarchive a job. An expired job cannot be unarchived."""
        self._send(jobs.act(job_id, "unarchive"))

    def delete_job(self, job_id: str) -> None:
        """Delete a job that was never started."""
        self._send(jobs.delete(job_id))

    def update_job_ttl(
        self, job_id: str, days: float | str | None = None, expiration_date: date | str | None = None
    ) -> None:
        """Extend the lifetime of a job's output by ``days`` (negative: shorten it), or set its expiration date."""
        self._send(jobs.update_ttl(job_id, days, expiration_date))

    def get_job_state(self, job_id: str | None = None, job: JobRecord | None = None) -> str:
        """Return the state of a job (a `JobState`): from the platform by ``job_id``, or from its record ``job``."""
        return self._run(state_of(job_id, job))

    def is_job_complete(self, job_id: str | None = None, job: JobRecord | None = None) -> bool:
        """Return whether a job is COMPLETE.

        Raises:
            JobExecutionError: the job failed.
        """
        return self._run(is_complete(job_id, job))

    def is_job_expired(self, job_id: str | None = None, job: JobRecord | None = None) -> bool:
        """Return whether a job has expired: by the platform's answer, or by the date in its record ``job``."""
        return self._run(is_expired(job_id, job))

    def get_job_status(self, job_id: str) -> TaskStatusDocument:
        """Return the status document of a job: its messages, its progress and the metadata of its inputs."""
        return self._send(jobs.status(job_id))

    def download_job_output(
        self,
        job_id: str,
        output_path: Path | None = None,
        progress: bool | DownloadProgress | None = None,
        format: str | None = None,  # noqa: A002  (the usual name of this option)
    ) -> Path:
        """Download the output of a job to ``output_path`` and return that path.

        The default path is the output's own name in the current folder. ``format`` converts labels for other tools:
        coco, yolo, mot, cvat, voc, csv or parquet.
        """
        if format is not None:
            labels = of_job(job_id, "labels", {"format": format})
            return self._run(save_rendition(labels, output_path, progress))
        return self._run(save_output(job_id, output_path, progress))

    def get_job_output_download_url(self, job_id: str) -> str:
        """Return a signed URL from which the job's output can be downloaded without further credentials."""
        return self._send(jobs.output_url(job_id))

    def get_partial_labels(self, job_id: str, after: str | None = None) -> PartialLabels:
        """Return the labels that a job has found so far; those since ``after``, the ``cursor`` of an earlier result.

        Partial labels remain if a job fails. A complete job has none, because its output has all labels.
        """
        return self._send(jobs.partial(job_id, after))

    @overload
    def download_job_logfile(self, job_id: str, output_path: None = None) -> str: ...

    @overload
    def download_job_logfile(self, job_id: str, output_path: Path) -> None: ...

    def download_job_logfile(self, job_id: str, output_path: Path | None = None) -> str | None:
        """Return the log of a job, or write it to ``output_path``. Only for analytics that you own."""
        return self._run(save_log(job_id, output_path))

    def get_job_logfile_download_url(self, job_id: str) -> str:
        """Return a signed URL from which the job's log can be downloaded without further credentials."""
        return self._send(jobs.log_url(job_id))

    def batch_get_job_details(self, job_ids: Iterable[str]) -> Responses:
        """Return the records of many jobs. The result maps each id to its response."""
        return self._send(jobs.batch_act(job_ids, "details"))

    def batch_start_jobs(self, job_ids: Iterable[str]) -> Responses:
        """Start many jobs. The result maps each id to its response."""
        return self._send(jobs.batch_act(job_ids, "start"))

    def batch_archive_jobs(self, job_ids: Iterable[str]) -> Responses:
        """Archive many jobs. The result maps each id to its response."""
        return self._send(jobs.batch_act(job_ids, "archive"))

    def batch_unarchive_jobs(self, job_ids: Iterable[str]) -> Responses:
        """Unarchive many jobs. The result maps each id to its response."""
        return self._send(jobs.batch_act(job_ids, "unarchive"))

    def batch_update_jobs_ttl(
        self, job_ids: Iterable[str], days: float | str | None = None, expiration_date: date | str | None = None
    ) -> Responses:
        """Extend the lifetimes of many jobs' outputs, or set their expiration date: id -> response."""
        return self._send(jobs.batch_update_ttl(job_ids, days, expiration_date))

    def batch_delete_jobs(self, job_ids: Iterable[str]) -> Responses:
        """Delete many jobs that were never started. The result maps each id to its response."""
        return self._send(jobs.batch_act(job_ids, "delete"))

    # --- secrets

    def list_secrets(self) -> list[Secret]:
        """List your secrets and the analytics that may use each. Values are never returned."""
        return self._send(secrets.list_all())

    def set_secret(self, name: str, value: str | None = None, analytics: Iterable[str] | None = None) -> Secret:
        """Create a secret, or change its ``value``, or the full names of the ``analytics`` that may use it."""
        return self._send(secrets.put(name, value, analytics))

    def delete_secret(self, name: str) -> None:
        """Delete a secret. Jobs that run already have it."""
        self._send(secrets.delete(name))

    # --- the platform

    def get_platform_status(self) -> Statuses:
        """Return whether the platform and its services are operational."""
        return self._send(platform.status())

    def list_workers(self) -> list[Worker]:
        """List what runs jobs: the platform itself, and the nodes of its cluster. For operators."""
        return self._send(platform.workers())
