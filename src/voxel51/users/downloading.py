"""Downloads: save a file completely or not at all, and resume after a broken connection."""

import os
from dataclasses import replace
from pathlib import Path

from voxel51.transport.errors import APIError, ConnectionFailed
from voxel51.transport.partial import PartialDownload
from voxel51.transport.saving import DirectWriter, DownloadProgress, local_name
from voxel51.users import direct_downloading
from voxel51.users.calls import data, jobs
from voxel51.users.calls.call import Call
from voxel51.users.direct_downloading import StoreFailed
from voxel51.users.flows import Flow, Identify, Pause, Receive, fetch
from voxel51.users.progress import progress_reporter
from voxel51.users.utils import log_missing_basedir
from voxel51.wire.backoff import Backoff

FilePath = str | os.PathLike[str]

_RETRIED_STATUSES = {429, 502, 503, 504}
_MAX_FAILURES = 12
_BACKOFF = Backoff(first_seconds=0.1, longest_seconds=5.0, jitter=0.5)


def save_data(data_id: str, path: FilePath | None, progress: bool | DownloadProgress | None) -> Flow[FilePath]:
    """Download data, by default under its own name, and return the path."""
    call = data.content(data_id)
    if not path:
        path = local_name((yield from fetch(data.details(data_id)))["name"], otherwise=data_id)
    yield from download(call, path, progress)
    return path


def save_output(job_id: str, path: FilePath | None, progress: bool | DownloadProgress | None) -> Flow[FilePath]:
    """Download the output of a job, by default under its own name, and return the path."""
    call = jobs.output(job_id)
    if not path:
        path = local_name((yield from fetch(jobs.details(job_id)))["output_filename"], otherwise=job_id)
    yield from download(call, path, progress)
    return path


def save_log(job_id: str, path: FilePath | None) -> Flow[str | None]:
    """Return the log of a job; write it to ``path`` instead, and return None, if there is a path."""
    if path is None:
        return (yield from fetch(jobs.log(job_id)))
    yield from download(jobs.log(job_id), path)
    return None


def download(call: Call[object], path: FilePath, progress: bool | DownloadProgress | None = None) -> Flow[None]:
    """Save the file that ``call`` requests to ``path``.

    Raises:
        Damaged: the size or the hash differs from what the platform announced; the file was not written.
        OSError: the file cannot be written.
    """
    path = Path(path)
    report = progress_reporter(progress, path.name)
    if path.is_dir():
        raise IsADirectoryError(f"{os.fspath(path)!r} is a folder. Specify the path of the file to write.")
    if path.exists() and not path.is_file():  # a device or a pipe cannot be resumed: it is written once
        with DirectWriter(path, report) as direct:
            yield Receive(call, direct)
        return
    log_missing_basedir(path)
    caller = yield Identify()
    partial = PartialDownload(path, f"{caller}/{call.path}", report)
    try:
        yield from _receive(call, partial)
        partial.finish()
    except BaseException:
        partial.give_up()
        raise


def _receive(call: Call[object], partial: PartialDownload) -> Flow[None]:
    """Receive the rest of the file, until it is complete or too many attempts in a row brought no progress."""
    failures, furthest_bytes, may_be_direct = 0, 0, True
    while True:
        try:
            if may_be_direct:
                yield from direct_downloading.receive(call, partial)
            else:
                yield Receive(replace(call, headers={**call.headers, **partial.headers()}), partial)
            return
        except StoreFailed:
            # A link that failed after some progress has expired, or the connection broke: ask for another one.
            may_be_direct = partial.arrived_bytes > furthest_bytes
            furthest_bytes = max(furthest_bytes, partial.arrived_bytes)
        except APIError as error:
            if partial.size_bytes > furthest_bytes:
                failures, furthest_bytes = 0, partial.size_bytes
            failures += 1
            # 416: the requested range does not exist. The partial file is complete already, or of another version.
            if error.code == 416 and partial.tag is not None:
                partial.start_over()
            elif not _is_temporary(error) or failures > _MAX_FAILURES:
                raise
        yield Pause(_BACKOFF.seconds(failures))


def _is_temporary(error: APIError) -> bool:
    return isinstance(error, ConnectionFailed) or error.code in _RETRIED_STATUSES
