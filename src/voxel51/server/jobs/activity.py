"""Activity of running jobs: keep the end of the log and samples of what a job uses, for its owner and for operators.

A report changes one row of bounded size, however long the job runs. Reports are not synced to disk: the next one makes
up for a loss. Unlike the log files of public analytics, which the owner of a job does not see, the live lines are shown
to the owner of the job: they tell what the job does with the owner's own data.
"""

import math

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.attempt_reports import AttemptReports
from voxel51.server.jobs.attempts import Attempt
from voxel51.server.jobs.outputs import job_not_found
from voxel51.server.jobs.tables import job_activity, jobs, user_submitted
from voxel51.wire import dates
from voxel51.wire.activity import MAX_LOG_CHARACTERS, MAX_SAMPLES, ActivityReport, ActivitySample, JobActivity

_BATCH_SIZE = 1000
_LARGEST_NUMBER = 2.0**63

_KEPT = select(job_activity).where(job_activity.c.job_id == bindparam("job_id"))


class ActivityService:
    """Keeps and returns the activity of jobs.

    Args:
        database: database of the jobs.
        reports: reports of attempts, which know the current one.
    """

    def __init__(self, database: Database, reports: AttemptReports) -> None:
        self._database = database
        self._reports = reports

    def add(self, attempt: Attempt, report: ActivityReport) -> None:
        """Keep what the current attempt at a job reports.

        Raises:
            BadRequest: a number is negative, or not finite.
            Forbidden: the attempt is not the current one.
        """
        sample = _sample(report)
        with self._database.write(durable=False) as connection:
            self._reports.current(connection, attempt.id)
            row = connection.execute(_KEPT, {"job_id": attempt.job_id}).first()
            is_new_attempt = row is None or row.attempt_id != attempt.id
            samples = [sample] if row is None or is_new_attempt else [*row.samples, sample]
            added = report.get("log", "")
            before, end = ("", 0) if row is None or is_new_attempt else (row.log, row.log_end)
            values = {
                "attempt_id": attempt.id,
                "samples": samples[::2] if len(samples) > MAX_SAMPLES else samples,
                "log": (before + added)[-MAX_LOG_CHARACTERS:],
                "log_end": end + len(added),
            }
            if row is None:
                connection.execute(insert(job_activity).values(job_id=attempt.job_id, **values))
            else:
                of_job = job_activity.c.job_id == attempt.job_id
                connection.execute(update(job_activity).where(of_job).values(values))

    def of(self, owner: User, job_id: str) -> JobActivity:
        """Return the activity of a job of the owner.

        Raises:
            NotFound: the owner has no such job.
        """
        with self._database.read() as connection:
            return _activity(connection, job_id, _STATE.where(jobs.c.owner_id == owner.id))

    def of_any(self, job_id: str) -> JobActivity:
        """Return the activity of a job of any user, for operators.

        Raises:
            NotFound: there is no such job.
        """
        with self._database.read() as connection:
            return _activity(connection, job_id, _STATE)

    def expire(self) -> int:
        """Delete the activity of expired jobs; return of how many."""
        expired = select(job_activity.c.job_id).join(jobs, jobs.c.id == job_activity.c.job_id)
        with self._database.write(frees_space=True) as connection:
            ids = connection.execute(expired.where(jobs.c.expired.is_(True)).limit(_BATCH_SIZE)).scalars().all()
            connection.execute(delete(job_activity).where(job_activity.c.job_id.in_(ids)))
        return len(ids)


_STATE = select(jobs.c.state).where(jobs.c.id == bindparam("job_id"), user_submitted)


def _activity(connection: Connection, job_id: str, of_job: Select[str]) -> JobActivity:
    state = connection.execute(of_job, {"job_id": job_id}).scalar()
    if state is None:
        raise job_not_found(job_id)
    row: DatabaseRow | None = connection.execute(_KEPT, {"job_id": job_id}).first()
    if row is None:
        return {"state": state, "samples": [], "log": "", "log_end": 0}
    return {"state": state, "samples": row.samples, "log": row.log, "log_end": row.log_end}


def _sample(report: ActivityReport) -> ActivitySample:
    sample: ActivitySample = {
        "at": dates.to_text(dates.now()),
        "cpu": round(_number("cpu", report["cpu"]), 3),
        "memory_bytes": int(_number("memory_bytes", report["memory_bytes"])),
    }
    if "frames_per_second" in report:
        sample["frames_per_second"] = round(_number("frames_per_second", report["frames_per_second"]), 2)
    return sample


def _number(name: str, value: float) -> float:
    if not math.isfinite(value) or not 0 <= value < _LARGEST_NUMBER:
        raise BadRequest(f"{name} must be a number from 0 and below 2^63, not {value}")
    return value
