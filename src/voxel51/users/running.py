"""An analytic run on files, from upload to download."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypedDict

from voxel51.transport.saving import local_name
from voxel51.users.calls import jobs
from voxel51.users.downloading import download
from voxel51.users.flows import Flow, fetch, first_emitted
from voxel51.users.jobs import JobRequest, RemoteDataPath, require_not_failed
from voxel51.users.progress import JobProgress, shown_jobs
from voxel51.users.sources import source_of
from voxel51.users.uploading import UploadOptions, upload
from voxel51.users.waiting import LONGEST_PAUSE_SECONDS, LookSchedule, ends_of
from voxel51.wire.data import DataRecord
from voxel51.wire.jobs import JobRecord

Input = str | os.PathLike[str] | DataRecord | RemoteDataPath
"""A file to upload (its path), or data that the platform has: its id, its record, or a reference to it."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of an analytic that was run.

    Attributes:
        job: its record, COMPLETE.
        data_ids: input, or parameter that is a file -> the data that it was.
        output_path: where the output was written; None when the analytic makes none.
    """

    job: JobRecord
    data_ids: dict[str, str]
    output_path: Path | None


class RunOptions(TypedDict, total=False):
    """How an analytic is run.

    ``version`` and ``compute_mode`` are those of `JobRequest`. ``job_name`` is the analytic's name if absent. ``ttl``
    is how long uploads and output are kept. ``output_path`` is the file to write; ``output_dir`` the folder in which it
    gets its own name (default: right here). ``timeout`` is what the job may take from its submission, in seconds.
    ``progress`` True shows how far uploads, the job and the download are; a function is called whenever the job was
    looked at: ``progress(job, status)``.
    """

    version: str | None
    compute_mode: str | None
    job_name: str | None
    ttl: date | str | None
    output_path: str | os.PathLike[str] | None
    output_dir: str | os.PathLike[str] | None
    timeout: float | None
    progress: bool | JobProgress | None


def run(
    analytic: str, inputs: Mapping[str, Input], parameters: Mapping[str, Any] | None, options: RunOptions
) -> Flow[RunResult]:
    """Upload what is local, ask for the job, wait for its end, download what it made.

    Raises:
        OSError: a local file is not there, or the output cannot be written.
        JobExecutionError: the job failed, or did not end in time.
    """
    if options.get("output_path") and options.get("output_dir"):
        raise ValueError("output_path and output_dir exclude each other: give the one file, or the folder for it")
    request, data_ids = yield from _request(analytic, inputs, parameters or {}, options)
    name = options.get("job_name") or analytic.rpartition("/")[2]
    submitted = yield from fetch(jobs.upload(request, name, True, options.get("ttl")))
    schedule = LookSchedule(LONGEST_PAUSE_SECONDS, options.get("timeout"), overtime=0)
    job = yield from first_emitted(ends_of([submitted["id"]], schedule, shown_jobs(options.get("progress"))))
    require_not_failed(job)
    path = output_path_of(job, options)
    if path is not None:
        yield from download(jobs.output(job["id"]), path, options.get("progress") is True)
    return RunResult(job, data_ids, path)


def output_path_of(job: JobRecord, options: RunOptions) -> Path | None:
    """Where the output of ``job`` belongs; None when it has none."""
    if not job.get("output_filename"):
        return None
    if path := options.get("output_path"):
        return Path(path)
    return Path(options.get("output_dir") or "") / local_name(job["output_filename"], otherwise=job["id"])


def _request(
    analytic: str, inputs: Mapping[str, Input], parameters: Mapping[str, Any], options: RunOptions
) -> Flow[tuple[JobRequest, dict[str, str]]]:
    """The request and the data in it. A file that is named twice is uploaded once."""
    request = JobRequest(analytic, options.get("version"), options.get("compute_mode"))
    data_ids: dict[str, str] = {}
    uploaded: dict[Path, str] = {}
    for name, given in inputs.items():
        data_ids[name] = yield from _data_id(given, options, uploaded)
        request.set_input(name, data_id=data_ids[name])
    for name, value in parameters.items():
        if isinstance(value, os.PathLike | RemoteDataPath):
            data_ids[name] = yield from _data_id(value, options, uploaded)
            request.set_data_parameter(name, data_id=data_ids[name])
        else:
            request.set_parameter(name, value)
    return request, data_ids


def _data_id(given: Input, options: RunOptions, uploaded: dict[Path, str]) -> Flow[str]:
    if isinstance(given, RemoteDataPath):
        return str(given.data_id)
    if isinstance(given, Mapping):
        return given["id"]
    path = Path(given)
    if isinstance(given, str) and not path.exists() and not path.suffix and len(path.parts) == 1:
        return given
    if path not in uploaded:
        wish = UploadOptions(options.get("ttl"), progress=options.get("progress") is True)
        uploaded[path] = (yield from upload(source_of(path), wish))["id"]
    return uploaded[path]
