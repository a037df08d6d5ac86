"""Job states: the state, completion and expiry of a job, read from the platform or from a record at hand."""

from datetime import UTC, datetime

from voxel51.transport.errors import InvalidRequest
from voxel51.users.calls import jobs
from voxel51.users.flows import Flow, fetch
from voxel51.users.jobs import JobState, require_not_failed
from voxel51.wire.dates import from_text
from voxel51.wire.jobs import JobRecord


def state_of(job_id: str | None, job: JobRecord | None) -> Flow[str]:
    """Return the state of a job."""
    return (yield from _record(job_id, job))["state"]


def is_complete(job_id: str | None, job: JobRecord | None) -> Flow[bool]:
    """Return whether a job is COMPLETE.

    Raises:
        JobExecutionError: the job failed.
    """
    job = yield from _record(job_id, job)
    require_not_failed(job)
    return job["state"] == JobState.COMPLETE


def is_expired(job_id: str | None, job: JobRecord | None) -> Flow[bool]:
    """Return whether a job has expired: by the platform's answer, or by the date in its record ``job``."""
    if job is None:
        return bool((yield from _record(job_id, None))["expired"])
    return from_text(job["expiration_date"]) <= datetime.now(UTC)


def _record(job_id: str | None, job: JobRecord | None) -> Flow[JobRecord]:
    if job is not None:
        return job
    if job_id is None:
        raise InvalidRequest("Either `job_id` or `job` must be provided", 400)
    return (yield from fetch(jobs.details(job_id)))
