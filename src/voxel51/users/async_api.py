"""The client of a user for asyncio: the very calls of `voxel51.users.api.API`, to be awaited.

What a call sends, how its answer is read and what a call of several requests does is described once, for both
(`voxel51.users.calls`, `voxel51.users.flows`); a test holds the two classes against each other.
"""

import os
from collections.abc import Iterable
from datetime import date
from typing import overload

from voxel51.transport.multipart import UploadProgress
from voxel51.transport.saving import DownloadProgress
from voxel51.users import several
from voxel51.users.async_compound import AsyncCompoundCalls
from voxel51.users.calls import analytics, data, jobs, status
from voxel51.users.jobs import JobRequest
from voxel51.users.query import AnalyticsQuery, DataQuery, JobsQuery
from voxel51.users.renditions import of_job, save_rendition
from voxel51.users.sources import Uploadable
from voxel51.users.uploading import UploadOptions
from voxel51.wire.analytics import AnalyticDocument, AnalyticList, AnalyticRecord
from voxel51.wire.batches import BatchResponse
from voxel51.wire.data import DataList, DataRecord
from voxel51.wire.jobs import JobList, JobRecord
from voxel51.wire.status import Statuses
from voxel51.wire.tasks import TaskStatusDocument

__all__ = ["AsyncAPI"]

Path = str | os.PathLike[str]
Responses = dict[str, BatchResponse]


class AsyncAPI(AsyncCompoundCalls):
    """The platform as a user sees it.

    Args:
        token: what gives access; the active token when None.
        keep_alive: whether connections are kept between calls, which is several times as fast.

    Raises:
        voxel51.users.auth.TokenError: there is no token, or it is no good.
    """

    # --- analytics

    async def list_analytics(self, all_versions: bool = False) -> list[AnalyticRecord]:
        """The analytics that can be run; of each the latest version, or all."""
        return await self._send(analytics.list_all(all_versions))

    async def query_analytics(self, analytics_query: AnalyticsQuery) -> AnalyticList:
        """The analytics that match, under the key ``analytics``."""
        return await self._send(analytics.query(analytics_query))

    async def get_analytic_id(self, name: str, version: str | None = None) -> str:
        """The id of the analytic of that full name, in that version or the latest.

        Raises:
            ValueError: there is none.
        """
        return await self._run(several.analytic_id(name, version))

    async def get_analytic_details(self, analytic_id: str) -> AnalyticRecord:
        """The record of an analytic."""
        return await self._send(analytics.details(analytic_id))

    async def get_analytic_doc(self, analytic_id: str) -> AnalyticDocument:
        """What goes into an analytic, what can be set, what comes out."""
        return await self._send(analytics.doc(analytic_id))

    async def upload_analytic(self, doc_json_path: Path, analytic_type: str | None = None) -> AnalyticRecord:
        """Add an analytic by its document, a JSON file; ``analytic_type`` is an `AnalyticType`."""
        return await self._send(analytics.upload(doc_json_path, analytic_type))

    async def upload_analytic_image(
        self, analytic_id: str, image_tar_path: Path, image_type: str, progress: bool | UploadProgress | None = None
    ) -> None:
        """Add the container image (a tar file) that an analytic runs in; ``image_type`` is an `AnalyticImageType`."""
        await self._send(analytics.upload_image(analytic_id, image_tar_path, image_type, progress))

    async def delete_analytic(self, analytic_id: str) -> None:
        """Remove one version of one's own analytic."""
        await self._send(analytics.remove(analytic_id))

    async def batch_get_analytic_details(self, analytic_ids: Iterable[str]) -> Responses:
        """The records of many analytics: id -> what became of it."""
        return await self._send(analytics.details_of_many(analytic_ids))

    # --- data

    async def list_data(self) -> list[DataRecord]:
        """All of one's data."""
        return await self._send(data.list_all())

    async def query_data(self, data_query: DataQuery) -> DataList:
        """The data that match, under the key ``data``."""
        return await self._send(data.query(data_query))

    @overload
    async def upload_data(  # type: ignore[overload-overlap]  # a text is a path, although it can be iterated
        self,
        path: Uploadable,
        ttl: date | str | None = None,
        progress: bool | UploadProgress | None = None,
        verify: bool | None = None,
    ) -> DataRecord: ...

    @overload
    async def upload_data(
        self,
        path: Iterable[Uploadable],
        ttl: date | str | None = None,
        progress: bool | UploadProgress | None = None,
        verify: bool | None = None,
    ) -> list[DataRecord]: ...

    async def upload_data(
        self,
        path: Uploadable | Iterable[Uploadable],
        ttl: date | str | None = None,
        progress: bool | UploadProgress | None = None,
        verify: bool | None = None,
    ) -> DataRecord | list[DataRecord]:
        """Upload a file, to be kept until ``ttl`` or as long as the platform does.

        A large one goes on after a cut connection and after a restart of either side: call this again.

        Args:
            path: a path, a file opened in binary mode, or several of them; the results are in their order.
            ttl: a date.
            progress: True shows a bar; a function is called now and then, from another thread:
                ``progress(bytes_sent, total)``.
            verify: whether to hash the file here as well and compare. By default this is done where an upload was
                interrupted; it costs the time of reading the file and about 0.6 s of a processor for a GiB.

        Raises:
            OSError: the file is not there, or changed meanwhile.
            voxel51.transport.errors.Damaged: what arrived is not what is here; it was deleted there.
        """
        return await self._run(several.upload_data(path, UploadOptions(ttl, progress, verify)))

    async def post_data_as_url(
        self,
        url: str,
        filename: str,
        mime_type: str,
        size: int,
        expiration_date: date | str | None = None,
        encoding: str | None = None,
        ttl: date | str | None = None,
    ) -> DataRecord:
        """Let the platform read a file of ``size`` bytes from ``url``, which must work until ``expiration_date``.

        The first clients had ``encoding`` and ``ttl`` in the fifth and sixth place; that works, too.
        """
        if not data.is_date(expiration_date):
            expiration_date, encoding = encoding, str(expiration_date)
        return await self._send(data.post_url(url, filename, mime_type, size, expiration_date or ttl, encoding))

    async def get_data_details(self, data_id: str) -> DataRecord:
        """The record of one's data."""
        return await self._send(data.details(data_id))

    async def download_data(
        self, data_id: str, output_path: Path | None = None, progress: bool | DownloadProgress | None = None
    ) -> Path:
        """Download data to ``output_path`` (default: its own name, right here) and return that path."""
        return await self._run(several.save_data(data_id, output_path, progress))

    async def get_data_download_url(self, data_id: str) -> str:
        """A link to data that carries its own permission."""
        return await self._send(data.content_url(data_id))

    async def update_data_ttl(
        self, data_id: str, days: float | str | None = None, expiration_date: date | str | None = None
    ) -> None:
        """Keep data so many days longer (negative: shorter), or until a date."""
        await self._send(data.update_ttl(data_id, days, expiration_date))

    async def delete_data(self, data_id: str) -> None:
        """Remove data."""
        await self._send(data.remove(data_id))

    async def batch_get_data_details(self, data_ids: Iterable[str]) -> Responses:
        """The records of many data: id -> what became of it."""
        return await self._send(data.details_of_many(data_ids))

    async def batch_update_data_ttl(
        self, data_ids: Iterable[str], days: float | str | None = None, expiration_date: date | str | None = None
    ) -> Responses:
        """Keep many data so many days longer, or until a date: id -> what became of it."""
        return await self._send(data.update_ttl_of_many(data_ids, days, expiration_date))

    async def batch_delete_data(self, data_ids: Iterable[str]) -> Responses:
        """Remove many data: id -> what became of it."""
        return await self._send(data.remove_many(data_ids))

    # --- jobs

    async def list_jobs(self) -> list[JobRecord]:
        """One's jobs that are not archived."""
        return await self._send(jobs.list_all())

    async def query_jobs(self, jobs_query: JobsQuery) -> JobList:
        """The jobs that match, under the key ``jobs``."""
        return await self._send(jobs.query(jobs_query))

    async def upload_job_request(
        self, job_request: JobRequest, job_name: str, auto_start: bool = False, ttl: date | str | None = None
    ) -> JobRecord:
        """Ask for a job, started at once or by `start_job`. Its output is kept until ``ttl``."""
        return await self._send(jobs.upload(job_request, job_name, auto_start, ttl))

    async def get_job_details(self, job_id: str) -> JobRecord:
        """The record of a job."""
        return await self._send(jobs.details(job_id))

    async def get_job_request(self, job_id: str) -> JobRequest:
        """What a job was asked to do."""
        return await self._send(jobs.request(job_id))

    async def start_job(self, job_id: str) -> None:
        """Start a job that is READY."""
        await self._send(jobs.act(job_id, "start"))

    async def archive_job(self, job_id: str) -> None:
        """Put a job out of sight."""
        await self._send(jobs.act(job_id, "archive"))

    async def unarchive_job(self, job_id: str) -> None:
        """Bring an archived job back, unless it expired."""
        await self._send(jobs.act(job_id, "unarchive"))

    async def delete_job(self, job_id: str) -> None:
        """Remove a job that was never started."""
        await self._send(jobs.remove(job_id))

    async def kill_job(self, job_id: str) -> None:
        """End a job that was started."""
        await self._send(jobs.act(job_id, "kill"))

    async def update_job_ttl(
        self, job_id: str, days: float | str | None = None, expiration_date: date | str | None = None
    ) -> None:
        """Keep a job's output so many days longer (negative: shorter), or until a date."""
        await self._send(jobs.update_ttl(job_id, days, expiration_date))

    async def get_job_state(self, job_id: str | None = None, job: JobRecord | None = None) -> str:
        """Where a job stands (a `JobState`): as the platform says, or as its record ``job`` says."""
        return await self._run(several.state(job_id, job))

    async def is_job_complete(self, job_id: str | None = None, job: JobRecord | None = None) -> bool:
        """Whether a job is done.

        Raises:
            JobExecutionError: it failed.
        """
        return await self._run(several.is_complete(job_id, job))

    async def is_job_expired(self, job_id: str | None = None, job: JobRecord | None = None) -> bool:
        """Whether a job's output is gone for its age: as the platform says, or by the date in its record ``job``."""
        return await self._run(several.is_expired(job_id, job))

    async def get_job_status(self, job_id: str) -> TaskStatusDocument:
        """The story of a job so far: its messages, its progress, what was found out about its inputs."""
        return await self._send(jobs.status(job_id))

    async def download_job_output(
        self,
        job_id: str,
        output_path: Path | None = None,
        progress: bool | DownloadProgress | None = None,
        format: str | None = None,  # noqa: A002  (what people call it)
    ) -> Path:
        """Download what a job made to ``output_path`` (default: its own name, right here) and return that path.

        With ``format`` labels come as other tools read them: coco, yolo, mot, cvat, voc, csv or parquet.
        """
        if format is not None:
            labels = of_job(job_id, "labels", {"format": format})
            return await self._run(save_rendition(labels, output_path, progress))
        return await self._run(several.save_output(job_id, output_path, progress))

    async def get_job_output_download_url(self, job_id: str) -> str:
        """A link to what a job made that carries its own permission."""
        return await self._send(jobs.output_url(job_id))

    @overload
    async def download_job_logfile(self, job_id: str, output_path: None = None) -> str: ...

    @overload
    async def download_job_logfile(self, job_id: str, output_path: Path) -> None: ...

    async def download_job_logfile(self, job_id: str, output_path: Path | None = None) -> str | None:
        """What a job of one's own analytic printed: returned, or written to ``output_path``."""
        return await self._run(several.log(job_id, output_path))

    async def get_job_logfile_download_url(self, job_id: str) -> str:
        """A link to what a job printed that carries its own permission."""
        return await self._send(jobs.log_url(job_id))

    async def batch_get_job_details(self, job_ids: Iterable[str]) -> Responses:
        """The records of many jobs: id -> what became of it."""
        return await self._send(jobs.act_on_many(job_ids, "details"))

    async def batch_start_jobs(self, job_ids: Iterable[str]) -> Responses:
        """Start many jobs: id -> what became of it."""
        return await self._send(jobs.act_on_many(job_ids, "start"))

    async def batch_archive_jobs(self, job_ids: Iterable[str]) -> Responses:
        """Put many jobs out of sight: id -> what became of it."""
        return await self._send(jobs.act_on_many(job_ids, "archive"))

    async def batch_unarchive_jobs(self, job_ids: Iterable[str]) -> Responses:
        """Bring many archived jobs back: id -> what became of it."""
        return await self._send(jobs.act_on_many(job_ids, "unarchive"))

    async def batch_update_jobs_ttl(
        self, job_ids: Iterable[str], days: float | str | None = None, expiration_date: date | str | None = None
    ) -> Responses:
        """Keep the outputs of many jobs so many days longer, or until a date: id -> what became of it."""
        return await self._send(jobs.update_ttl_of_many(job_ids, days, expiration_date))

    async def batch_delete_jobs(self, job_ids: Iterable[str]) -> Responses:
        """Remove many jobs that were never started: id -> what became of it."""
        return await self._send(jobs.act_on_many(job_ids, "delete"))

    async def batch_kill_jobs(self, job_ids: Iterable[str]) -> Responses:
        """End many jobs that were started: id -> what became of it."""
        return await self._send(jobs.act_on_many(job_ids, "kill"))

    # --- the platform

    async def get_platform_status(self) -> Statuses:
        """Whether the platform and its services work."""
        return await self._send(status.platform())
