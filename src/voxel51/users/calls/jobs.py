"""Calls about jobs."""

from collections.abc import Iterable
from datetime import date

from voxel51.transport.multipart import FilePart
from voxel51.users.calls.call import (
    Call,
    batch,
    date_text,
    delete,
    document,
    entry,
    get,
    new_lifetime,
    part_of_path,
    post_file,
    put,
    text,
)
from voxel51.users.jobs import JobRequest
from voxel51.users.query import JobsQuery
from voxel51.wire.batches import BatchResponse
from voxel51.wire.jobs import JobList, JobRecord
from voxel51.wire.tasks import TaskStatusDocument

_REPEATABLE_ACTIONS = {"archive", "unarchive"}


def list_all() -> Call[list[JobRecord]]:
    """The caller's that are not archived."""
    return get("jobs/list", entry("jobs"))


def query(jobs_query: JobsQuery) -> Call[JobList]:
    """Those that match."""
    return get("jobs", document, jobs_query.to_dict())


def upload(job_request: JobRequest, job_name: str, auto_start: bool, ttl: date | str | None) -> Call[JobRecord]:
    """Ask for a job, started at once or later, its output to be kept until ``ttl``."""
    options = {
        "job_name": str(job_name),
        "auto_start": str(auto_start),
        "job_ttl": None if ttl is None else date_text(ttl),
    }
    file = FilePart.from_bytes("job.json", str(job_request).encode(), "application/json")
    return post_file("jobs", entry("job"), file, options)


def details(job_id: str) -> Call[JobRecord]:
    """The record of one."""
    return get(_path(job_id), entry("job"))


def request(job_id: str) -> Call[JobRequest]:
    """What it was asked to do."""
    return get(f"{_path(job_id)}/request", lambda body: JobRequest.from_dict(document(body)))


def act(job_id: str, action: str) -> Call[None]:
    """Start, archive, unarchive or kill it."""
    return put(f"{_path(job_id)}/{action}", repeatable=action in _REPEATABLE_ACTIONS)


def update_ttl(job_id: str, days: float | str | None, expiration_date: date | str | None) -> Call[None]:
    """Change how long its output is kept. Moving it by days twice moves it further, so that is not repeated."""
    form = new_lifetime(days, expiration_date)
    return put(f"{_path(job_id)}/ttl", form, repeatable="days" not in form)


def status(job_id: str) -> Call[TaskStatusDocument]:
    """Its story so far."""
    return get(f"{_path(job_id)}/status", document)


def output(job_id: str) -> Call[bytes]:
    """The file it made."""
    return get(f"{_path(job_id)}/output", bytes)


def output_url(job_id: str) -> Call[str]:
    """A link to the file it made that carries its own permission."""
    return get(f"{_path(job_id)}/output-url", entry("url"))


def log(job_id: str) -> Call[str]:
    """What it printed."""
    return get(f"{_path(job_id)}/log", text)


def log_url(job_id: str) -> Call[str]:
    """A link to what it printed that carries its own permission."""
    return get(f"{_path(job_id)}/log-url", entry("url"))


def remove(job_id: str) -> Call[None]:
    """Remove one that was never started."""
    return delete(_path(job_id))


def act_on_many(job_ids: Iterable[str], action: str) -> Call[dict[str, BatchResponse]]:
    """The records of many (``details``), or start, archive, unarchive, kill or delete them."""
    return batch("jobs", action, job_ids)


def update_ttl_of_many(
    job_ids: Iterable[str], days: float | str | None, expiration_date: date | str | None
) -> Call[dict[str, BatchResponse]]:
    """Change how long the outputs of many are kept."""
    return batch("jobs", "ttl", job_ids, **new_lifetime(days, expiration_date))


def _path(job_id: str) -> str:
    return f"jobs/{part_of_path(job_id)}"
