"""Attempt records: an attempt with the columns of its job that decide what it may do."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from voxel51.server.accounts.tokens import hash_key
from voxel51.server.jobs.split_tables import split_jobs
from voxel51.server.jobs.tables import attempts, jobs


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """An attempt, with the columns of its job that decide what it may do. ``first_start`` is that of its parts."""

    id: str
    job_id: str
    stop_requested: bool
    created_at: datetime
    ended_at: datetime | None
    output_key: str | None
    log_key: str | None
    owner_id: str
    state: str
    current_attempt_id: str | None
    attempts_lost: int
    output_filename: str
    completion_date: datetime | None
    fail_date: datetime | None
    failure_type: str | None
    first_start: datetime | None

    @property
    def is_current(self) -> bool:
        """Whether this is the current attempt of its job."""
        return self.current_attempt_id == self.id


_COLUMNS = (
    attempts.c.id,
    attempts.c.job_id,
    attempts.c.stop_requested,
    attempts.c.created_at,
    attempts.c.ended_at,
    attempts.c.output_key,
    attempts.c.log_key,
    jobs.c.owner_id,
    jobs.c.state,
    jobs.c.attempt_id,
    jobs.c.attempts_lost,
    jobs.c.output_filename,
    jobs.c.completion_date,
    jobs.c.fail_date,
    attempts.c.failure_type,
    split_jobs.c.first_start,
)
_ATTEMPT = (
    select(*_COLUMNS).join(jobs, jobs.c.id == attempts.c.job_id).outerjoin(split_jobs, split_jobs.c.job_id == jobs.c.id)
)
_BY_ID = _ATTEMPT.where(attempts.c.id == bindparam("attempt_id"))
_BY_CREDENTIAL = _ATTEMPT.where(attempts.c.credential_hash == bindparam("credential_hash"))


def load_attempt(connection: Connection, attempt_id: str) -> AttemptRecord | None:
    """Return the attempt with this id."""
    row = connection.execute(_BY_ID, {"attempt_id": attempt_id}).first()
    return None if row is None else AttemptRecord(*list(row))


def load_attempt_by_credential(connection: Connection, credential: str) -> AttemptRecord | None:
    """Return the attempt that has this credential."""
    row = connection.execute(_BY_CREDENTIAL, {"credential_hash": hash_key(credential)}).first()
    return None if row is None else AttemptRecord(*list(row))
