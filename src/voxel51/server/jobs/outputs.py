"""The output of a job: where it is, what it is called, and why there may be none."""

from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from voxel51.server.analytics.tables import analytics as analytics_table
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.wire.jobs import JobState

_MEDIA_TYPES = {
    ".json": "application/json",
    ".zip": "application/zip",
    ".log": "text/plain; charset=utf-8",
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".csv": "text/csv; charset=utf-8",
    ".xml": "application/xml",
    ".parquet": "application/vnd.apache.parquet",
}


def jobs_with_files() -> Select[Any]:
    """Jobs with ``version`` and ``scope`` of their analytics and the files of their current attempts."""
    columns = (analytics_table.c.version, analytics_table.c.scope)
    files = (attempts.c.output_key, attempts.c.output_sha256, attempts.c.log_key)
    joined = select(jobs, *columns, *files).join(analytics_table, analytics_table.c.id == jobs.c.analytic_id)
    return joined.outerjoin(attempts, attempts.c.id == jobs.c.attempt_id)


def output_of(connection: Connection, owner_id: str, job_id: str) -> Download:
    """The output of any job of the owner, the platform's own included.

    Raises:
        NotFound: the owner has no such job, or its analytic leaves no output.
        BadRequest: it is not complete, or has expired.
    """
    of_owner = jobs_with_files().where(jobs.c.id == job_id, jobs.c.owner_id == owner_id)
    job = connection.execute(of_owner).mappings().first()
    if job is None:
        raise job_not_found(job_id)
    return checked_output(job)


def checked_output(job: RowMapping) -> Download:
    """The output of a job as `jobs_with_files` gives it; raises as `output_of` does."""
    job_id = job["id"]
    if job["state"] != JobState.COMPLETE:
        raise BadRequest(f"Job '{job_id}' is {job['state']}; only a COMPLETE job has an output")
    if job["expired"]:
        raise BadRequest(f"The output of job '{job_id}' has expired")
    if job["output_key"] is None:
        raise NotFound(f"Job '{job_id}' has no output file; its analytic leaves none")
    return download_of(job["output_key"], job["output_filename"], job["output_sha256"])


def download_of(key: str, filename: str, sha256: str | None = None) -> Download:
    """A job's file as an answer."""
    return Download(key, filename, _MEDIA_TYPES.get(filename[filename.rfind(".") :]), sha256)


def job_not_found(job_id: str) -> NotFound:
    """The refusal of an id that is nobody's, or somebody else's."""
    return NotFound(f"Job '{job_id}' not found; it may belong to somebody else")
