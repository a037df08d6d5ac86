"""Job outputs: find the output file of a job, or say why it has none."""

from sqlalchemy import Connection, Select, select

from voxel51.server.analytics.tables import analytics as analytics_table
from voxel51.server.database.types import DatabaseRecord
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


def jobs_with_files() -> Select[*tuple[object, ...]]:
    """Select jobs with the name, version and scope of their analytic and the files of their current attempt."""
    columns = (analytics_table.c.version, analytics_table.c.scope, analytics_table.c.name.label("analytic_name"))
    files = (
        attempts.c.output_key,
        attempts.c.output_sha256,
        attempts.c.output_size_bytes,
        attempts.c.log_key,
        attempts.c.log_size_bytes,
    )
    joined = select(jobs, *columns, *files).join(analytics_table, analytics_table.c.id == jobs.c.analytic_id)
    return joined.outerjoin(attempts, attempts.c.id == jobs.c.attempt_id)


def output_of(connection: Connection, owner_id: str, job_id: str) -> Download:
    """Return the output of a job of the owner; it may be an internal job.

    Raises:
        NotFound: the owner has no such job, or its analytic produces no output file.
        BadRequest: the job is not COMPLETE, or has expired.
    """
    of_owner = jobs_with_files().where(jobs.c.id == job_id, jobs.c.owner_id == owner_id)
    job = connection.execute(of_owner).mappings().first()
    if job is None:
        raise job_not_found(job_id)
    return checked_output(job)


def checked_output(job: DatabaseRecord) -> Download:
    """Return the output of a job that `jobs_with_files` selected; raise as `output_of` does."""
    job_id = job["id"]
    if job["state"] != JobState.COMPLETE:
        raise BadRequest(f"Job '{job_id}' is {job['state']}; only a COMPLETE job has an output")
    if job["expired"]:
        raise BadRequest(f"The output of job '{job_id}' has expired. Submit the job again.")
    if job["output_key"] is None:
        raise NotFound(f"Job '{job_id}' has no output file: its analytic produces none")
    return download_of(job["output_key"], job["output_filename"], job["output_sha256"], job["output_size_bytes"])


def download_of(key: str, filename: str, sha256: str | None, size_bytes: int | None) -> Download:
    """Return the download of a job's stored file; the suffix of ``filename`` decides the media type."""
    return Download(key, filename, _MEDIA_TYPES.get(filename[filename.rfind(".") :]), sha256, size_bytes)


def job_not_found(job_id: str) -> NotFound:
    """Return the error for a job id that does not exist or belongs to another user."""
    return NotFound(f"Job '{job_id}' not found; it may belong to another user")
