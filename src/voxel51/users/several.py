"""Flows behind calls of the client that look like one request, and sometimes take two."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import cast

from voxel51.transport.errors import InvalidRequest
from voxel51.transport.saving import DownloadProgress, local_name
from voxel51.users.calls import analytics, data, jobs
from voxel51.users.downloading import download
from voxel51.users.flows import Flow, fetch
from voxel51.users.jobs import JobState, require_not_failed
from voxel51.users.sources import Uploadable, is_one, source_of
from voxel51.users.uploading import UploadOptions, upload
from voxel51.wire.data import DataRecord
from voxel51.wire.dates import from_text
from voxel51.wire.jobs import JobRecord

Path = str | os.PathLike[str]


def analytic_id(name: str, version: str | None) -> Flow[str]:
    """The id of the analytic of that full name.

    Raises:
        ValueError: there is none.
    """
    found = yield from fetch(analytics.query(analytics.named(name, version)))
    return analytics.id_of(name, version, found["analytics"])


def upload_data(path: Uploadable | Iterable[Uploadable], wish: UploadOptions) -> Flow[DataRecord | list[DataRecord]]:
    """Upload a file, or several one after another; their records are in their order."""
    if is_one(path):
        return (yield from upload(source_of(path), wish))
    records: list[DataRecord] = []
    for each in cast(Iterable[Uploadable], path):
        records.append((yield from upload(source_of(each), wish)))  # noqa: PERF401  (a comprehension cannot yield)
    return records


def save_data(data_id: str, path: Path | None, progress: bool | DownloadProgress | None) -> Flow[Path]:
    """Download data, by default under its own name; returns where it is."""
    call = data.content(data_id)
    if not path:
        path = local_name((yield from fetch(data.details(data_id)))["name"], otherwise=data_id)
    yield from download(call, path, progress)
    return path


def save_output(job_id: str, path: Path | None, progress: bool | DownloadProgress | None) -> Flow[Path]:
    """Download what a job made, by default under its own name; returns where it is."""
    call = jobs.output(job_id)
    if not path:
        path = local_name((yield from fetch(jobs.details(job_id)))["output_filename"], otherwise=job_id)
    yield from download(call, path, progress)
    return path


def log(job_id: str, path: Path | None) -> Flow[str | None]:
    """What a job printed; None when it was written to ``path``."""
    if path is None:
        return (yield from fetch(jobs.log(job_id)))
    yield from download(jobs.log(job_id), path)
    return None


def state(job_id: str | None, job: JobRecord | None) -> Flow[str]:
    """Where a job stands."""
    return (yield from _record(job_id, job))["state"]


def is_complete(job_id: str | None, job: JobRecord | None) -> Flow[bool]:
    """Whether a job is done.

    Raises:
        JobExecutionError: it failed.
    """
    job = yield from _record(job_id, job)
    require_not_failed(job)
    return job["state"] == JobState.COMPLETE


def is_expired(job_id: str | None, job: JobRecord | None) -> Flow[bool]:
    """Whether a job's output is gone for its age: as the platform says, or by the date in its record."""
    if job is None:
        return bool((yield from _record(job_id, None))["expired"])
    return from_text(job["expiration_date"]) <= datetime.now(UTC)


def _record(job_id: str | None, job: JobRecord | None) -> Flow[JobRecord]:
    if job is not None:
        return job
    if job_id is None:
        raise InvalidRequest("Either `job_id` or `job` must be provided", 400)
    return (yield from fetch(jobs.details(job_id)))
