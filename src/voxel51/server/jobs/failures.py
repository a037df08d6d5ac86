"""Failures of jobs: let a job run again as its retries allow, or move it to FAILED.

A failure uses up one of the retries that the job was submitted with for that type of failure. The job stays RUNNING
until its attempt has ended, so that the attempt can still send its log; the settlement of the attempt queues it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from voxel51.server.jobs.dependencies import lock_with_dependents
from voxel51.server.jobs.status_messages import last_message
from voxel51.server.jobs.tables import attempts, checkpoints, jobs, partial_parts
from voxel51.server.jobs.transitions import JobTransition, transition_job, transition_jobs
from voxel51.wire import dates
from voxel51.wire.backoff import Backoff
from voxel51.wire.jobs import JobFailureType, JobState
from voxel51.wire.scheduling import DEFAULT_RETRY_SECONDS, LONGEST_RETRY_SECONDS, Retry


@dataclass(frozen=True, slots=True)
class _NextRetry:
    """The retry that a failed attempt leads to.

    Attributes:
        number: its number among the retries after this type of failure, from 1.
        count: how many of them the job has.
        seconds: pause before it.
    """

    number: int
    count: int
    seconds: float


def fail_job(connection: Connection, job_id: str, kind: JobFailureType, message: str | None) -> None:
    """Move a job to FAILED."""
    transition_job(
        connection,
        job_id,
        JobTransition.FAIL,
        failure_type=kind.value,
        failure_message=message,
        fail_date=dates.now(),
    )


def report_failure(
    connection: Connection, job_id: str, attempt_id: str, kind: JobFailureType, message: str | None
) -> None:
    """Apply the failure that a running attempt reported: fail its job, or note the failure if there is a retry."""
    if _next_retry(connection, job_id, attempt_id, kind) is None:
        fail_job(connection, job_id, kind, message)
    else:
        _note(connection, attempt_id, kind)


def retry_or_fail(
    connection: Connection, job_id: str, attempt_id: str, kind: JobFailureType, message: str | None
) -> None:
    """Apply the failure of an attempt that has ended: queue its job again if there is a retry, else fail it.

    ``message`` is None if the attempt itself reported the failure: its last message says why.
    """
    retry = _next_retry(connection, job_id, attempt_id, kind)
    if retry is None:
        fail_job(connection, job_id, kind, message)
        return
    _note(connection, attempt_id, kind)
    reason = message or _last_message(connection, job_id) or "no reason was given"
    message = f"{reason.rstrip('.')}. Retry {retry.number} of {retry.count} starts after {retry.seconds:g} s."
    again = dates.now() + timedelta(seconds=retry.seconds)
    requeue_job(connection, job_id, attempts_lost=0, retry_at=again, failure_message=message)


def cancel_jobs(connection: Connection, job_ids: Sequence[str], message: str) -> set[str]:
    """Cancel those of the jobs that were started and have not ended, with their attempts; return their ids."""
    moved = transition_jobs(
        connection,
        job_ids,
        JobTransition.KILL,
        failure_type=JobFailureType.USER.value,
        failure_message=message,
        fail_date=dates.now(),
    )
    running = attempts.c.job_id.in_(moved) & attempts.c.ended_at.is_(None)
    connection.execute(update(attempts).where(running).values(stop_requested=True))
    return moved


def cancel_overdue(connection: Connection, job_ids: Sequence[str]) -> None:
    """Cancel those of the jobs whose deadline has passed, and tell their owners so."""
    lock_with_dependents(connection, job_ids)
    for job_id in job_ids:
        deadline = connection.execute(select(jobs.c.deadline).where(jobs.c.id == job_id, is_overdue())).scalar()
        if deadline is not None:
            moment = deadline.strftime("%Y-%m-%d %H:%M:%S")
            cancel_jobs(connection, [job_id], f"Cancelled: it had not finished by its deadline, {moment} UTC")


def is_overdue() -> ColumnElement[bool]:
    """Return the condition that a started job has not ended by its deadline."""
    has_not_ended = jobs.c.completion_date.is_(None) & jobs.c.fail_date.is_(None)
    return has_not_ended & (jobs.c.deadline <= dates.now()) & (jobs.c.state != JobState.READY.value)


def requeue_job(connection: Connection, job_id: str, **values: object) -> None:
    """Return a job to the queue, set the columns ``values``, and delete what its next attempt finds again."""
    fresh = {"attempt_id": None, "start_date": None, "status_text": None}
    transition_job(connection, job_id, JobTransition.REQUEUE, **fresh, **values)
    # Partial results after the checkpoint, or all without one.
    saved = select(checkpoints.c.parts).where(checkpoints.c.job_id == job_id).scalar_subquery()
    found_again = (partial_parts.c.job_id == job_id) & (partial_parts.c.number > func.coalesce(saved, 0))
    connection.execute(delete(partial_parts).where(found_again))


def _next_retry(connection: Connection, job_id: str, attempt_id: str, kind: JobFailureType) -> _NextRetry | None:
    options = connection.execute(select(jobs.c.scheduling).where(jobs.c.id == job_id)).scalar() or {}
    retry: Retry | None = options.get("retry", {}).get(kind.value)
    if retry is None:
        return None
    of_job = (attempts.c.job_id == job_id) & (attempts.c.id != attempt_id)
    counted = select(func.count()).select_from(attempts).where(of_job, attempts.c.failure_type == kind.value)
    used: int = connection.execute(counted).scalar_one()
    if used >= retry["count"]:
        return None
    pauses = Backoff(retry.get("backoff_seconds", DEFAULT_RETRY_SECONDS), LONGEST_RETRY_SECONDS)
    return _NextRetry(used + 1, retry["count"], pauses.seconds(used))


def _note(connection: Connection, attempt_id: str, kind: JobFailureType) -> None:
    connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(failure_type=kind.value))


def _last_message(connection: Connection, job_id: str) -> str | None:
    return last_message(connection.execute(select(jobs.c.status_text).where(jobs.c.id == job_id)).scalar())
