"""Calls about jobs."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from urllib.parse import urlencode

from voxel51.transport.multipart import FilePart
from voxel51.users.calls.call import (
    Call,
    batch,
    date_text,
    delete_path,
    document,
    entry,
    get,
    new_lifetime,
    path_segment,
    post_file,
    post_json,
    put,
    text,
)
from voxel51.users.jobs import JobRequest
from voxel51.users.query import JobsQuery
from voxel51.wire.activity import JobActivity
from voxel51.wire.batches import BatchResponse
from voxel51.wire.jobs import JobList, JobRecord
from voxel51.wire.partial import PartialLabels
from voxel51.wire.scheduling import SchedulingOptions
from voxel51.wire.tasks import TaskStatusDocument

_REPEATABLE_ACTIONS = {"archive", "unarchive"}


def list_all() -> Call[list[JobRecord]]:
    """List the jobs of the caller, except archived ones."""
    return get("jobs/list", entry("jobs"))


def query(jobs_query: JobsQuery) -> Call[JobList]:
    """List the jobs that match."""
    return get("jobs", document, jobs_query.to_dict())


def upload(
    job_request: JobRequest,
    job_name: str,
    auto_start: bool,
    ttl: date | str | None,
    scheduling: SchedulingOptions | None = None,
    idempotency_key: str | None = None,
) -> Call[JobRecord]:
    """Create a job that expires at ``ttl``, and start it if ``auto_start``, as ``scheduling`` says."""
    options = {
        "job_name": str(job_name),
        "auto_start": str(auto_start),
        "job_ttl": None if ttl is None else date_text(ttl),
        "scheduling": json.dumps(scheduling) if scheduling else None,
    }
    file = FilePart.from_bytes("job.json", str(job_request).encode(), "application/json")
    return replace(post_file("jobs", entry("job"), file, options), idempotency_key=idempotency_key)


def details(job_id: str) -> Call[JobRecord]:
    """Get the record of a job."""
    return get(_path(job_id), entry("job"))


def request(job_id: str) -> Call[JobRequest]:
    """Get the request that created a job."""
    return get(f"{_path(job_id)}/request", lambda body: JobRequest.from_dict(document(body)))


def act(job_id: str, action: str) -> Call[None]:
    """Start, archive or unarchive a job."""
    return put(f"{_path(job_id)}/{action}", repeatable=action in _REPEATABLE_ACTIONS)


def kill(job_id: str, reason: str | None) -> Call[None]:
    """Cancel a job."""
    return put(f"{_path(job_id)}/kill", None if reason is None else {"reason": reason})


def retry_parts(job_id: str) -> Call[JobRecord]:
    """Submit a failed split job again, with the parts that are complete."""
    return post_json(f"{_path(job_id)}/retry-parts", entry("job"), {})


def update_ttl(job_id: str, days: float | str | None, expiration_date: date | str | None) -> Call[None]:
    """Change the lifetime of a job's output. Adding days twice adds them twice, so that form is not retried."""
    form = new_lifetime(days, expiration_date)
    return put(f"{_path(job_id)}/ttl", form, repeatable="days" not in form)


def status(job_id: str) -> Call[TaskStatusDocument]:
    """Get the status document of a job."""
    return get(f"{_path(job_id)}/status", document)


def output(job_id: str) -> Call[bytes]:
    """Get the output file of a job."""
    return get(f"{_path(job_id)}/output", bytes)


def output_url(job_id: str) -> Call[str]:
    """Get a signed URL of the output file."""
    return get(f"{_path(job_id)}/output-url", entry("url"))


def partial(job_id: str, after: str | None) -> Call[PartialLabels]:
    """Get the labels that a job has found so far, or those that are new since the cursor ``after``."""
    query = f"?{urlencode({'after': after})}" if after else ""
    return get(f"{_path(job_id)}/partial{query}", document)


def activity(job_id: str) -> Call[JobActivity]:
    """Get the last log lines of a job, and what it uses."""
    return get(f"{_path(job_id)}/activity", document)


def log(job_id: str) -> Call[str]:
    """Get the log of a job."""
    return get(f"{_path(job_id)}/log", text)


def log_url(job_id: str) -> Call[str]:
    """Get a signed URL of the log."""
    return get(f"{_path(job_id)}/log-url", entry("url"))


def delete(job_id: str) -> Call[None]:
    """Delete a job that was never started."""
    return delete_path(_path(job_id))


def batch_act(job_ids: Iterable[str], action: str) -> Call[dict[str, BatchResponse]]:
    """Get the records of many jobs (``details``); or start, archive, unarchive or delete many jobs."""
    return batch("jobs", action, job_ids)


def batch_kill(job_ids: Iterable[str], reason: str | None) -> Call[dict[str, BatchResponse]]:
    """Cancel many jobs."""
    return batch("jobs", "kill", job_ids, **({} if reason is None else {"reason": reason}))


def batch_update_ttl(
    job_ids: Iterable[str], days: float | str | None, expiration_date: date | str | None
) -> Call[dict[str, BatchResponse]]:
    """Change the lifetimes of many jobs' outputs."""
    return batch("jobs", "ttl", job_ids, **new_lifetime(days, expiration_date))


def _path(job_id: str) -> str:
    return f"jobs/{path_segment(job_id)}"
