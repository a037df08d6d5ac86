"""Attempts at jobs: claim queued jobs, record where attempts run, and settle how they ended (the engine's side).

Each start of a job is an attempt with a credential of its own. Only the current attempt of a job counts:
`jobs.attempt_id` names it, and each report is applied in a transaction that checks it (see `attempt_reports`). This
fences off earlier attempts that still run somewhere.

Claims are not synced to disk: no caller was told about them. If a crash of the database undoes one, the job is still
queued and its attempt unknown, so that it stops with its next report.
"""

import logging
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, or_, select, update

from voxel51.server.accounts.tokens import hash_key
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.membership import Membership
from voxel51.server.database.tables import processes
from voxel51.server.errors import OutOfSpace
from voxel51.server.jobs.admission import Admission, Admissions, admit_all
from voxel51.server.jobs.attempt_records import AttemptRecord, load_attempt
from voxel51.server.jobs.dependencies import lock_with_dependents
from voxel51.server.jobs.failures import cancel_overdue, fail_job, is_overdue, requeue_job, retry_or_fail
from voxel51.server.jobs.fair_share import (
    AFTER_LOSS,
    ConcurrencyLimits,
    Excluded,
    Placement,
    QueuedJob,
    is_any_queued,
    next_jobs,
)
from voxel51.server.jobs.split_tables import PartState, split_jobs
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.server.jobs.transitions import ENDED, JobTransition, transition_job
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates
from voxel51.wire.jobs import JobFailureType, JobState

logger = logging.getLogger(__name__)

_MOST_OVERDUE = 100
"""Jobs that are cancelled by one call, so that no other writer waits long for the lock."""

LOG_FOLDER = "logs"
OUTPUT_FOLDER = "outputs"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An authenticated attempt."""

    id: str
    job_id: str
    owner_id: str

    @property
    def identity(self) -> str:
        """Name of this caller, unique among callers of all kinds."""
        return f"attempt:{self.id}"


@dataclass(frozen=True, slots=True)
class ClaimedAttempt:
    """A new attempt that is to be started. Its ``credential`` is stored only as a hash."""

    attempt_id: str
    job_id: str
    analytic_id: str
    owner_id: str
    compute_mode: str
    credential: str
    timeout_seconds: float | None = None  # as its owner limited it


@dataclass(frozen=True, slots=True)
class UnsettledAttempt:
    """An attempt that is not settled, and its process on ``machine``, if that was recorded."""

    attempt_id: str
    process_id: int | None
    process_started_at: float | None
    machine: str | None


@dataclass(frozen=True, slots=True)
class JobTimes:
    """Times of a job, in seconds since 1970, for its trace. ``ended`` is None while it has not ended."""

    analytic_id: str
    state: str
    submitted: float
    queued: float | None
    ended: float | None


class Settlement(Enum):
    """Consequence of the end of an attempt for its job, unless the attempt itself reported how the job ended."""

    ANALYTIC_FAILED = "the attempt crashed, or ended without a report: the job fails because of its analytic"
    OUT_OF_TIME = "the attempt reached its time limit: as ANALYTIC_FAILED, unless it may have waited for the platform"
    LOST = "something outside ended the attempt: run the job again, a limited number of times"
    NOT_STARTED = "the attempt got no process, for a cause outside of it: run the job again, as if never claimed"
    UNPLACED = "no present machine has what the job needs: run it as if never claimed, once there is one"
    REFUSED = "the platform does not permit the job what its analytic needs: the job fails because of the platform"
    RELEASED = "the platform is stopping: run the job again"


class AttemptService:
    """Claims and settlements of attempts, for the dispatcher of one process.

    Args:
        database: database of the jobs.
        storage: where logs are kept.
        process: the process, as one of those that run the platform.
        max_lost_attempts: number of lost attempts after which a job fails.
        grace: time after the end of its job in which an attempt may still report.
        concurrency_limits: limits of the user-submitted jobs that run at once, by owner.
        internal_limits: the same for internal jobs.
        admissions: what operators allow of user-submitted jobs.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        process: Membership,
        max_lost_attempts: int,
        grace: timedelta,
        concurrency_limits: ConcurrencyLimits,
        internal_limits: ConcurrencyLimits,
        admissions: Admissions = admit_all,
    ) -> None:
        self._admissions = admissions
        self._database = database
        self._storage = storage
        self._process = process
        self._max_lost_attempts = max_lost_attempts
        self._grace = grace
        self._concurrency_limits = concurrency_limits
        self._internal_limits = internal_limits

    def claim(
        self, limit: int, *, internal: bool = False, unplaceable: Sequence[Placement] = ()
    ) -> list[ClaimedAttempt]:
        """Claim up to ``limit`` queued jobs by fair share. Each gets a new attempt, which becomes its current one.

        The jobs are either user-submitted or ``internal``. Those that are ``unplaceable`` are left in the queue.

        Raises:
            Unavailable: other processes have taken this one for dead.
        """
        # Most calls find no job: look with a read transaction first, which takes no write lock.
        with self._database.read() as connection:
            admission = self._admission(connection, internal)
            blocked = admission.blocked_analytics()
            excluded = Excluded(blocked, unplaceable)
            if admission.is_paused or not is_any_queued(connection, internal=internal, excluded=excluded):
                return []
        limits = self._internal_limits if internal else self._concurrency_limits
        # One transaction locks the jobs, inserts the attempts and moves the jobs to SCHEDULED: no job is claimed twice,
        # also if several dispatchers claim at once. If it fails, the jobs are still queued. One dispatcher at a time
        # claims, so that each sees what the others have claimed, and fair shares and limits of owners hold for all.
        with self._database.write(durable=False) as connection:
            acquire_advisory_locks(connection, "claims")
            self._process.check(connection)
            admission = self._admission(connection, internal)
            limits = admission.within(limits)
            claimed: list[ClaimedAttempt] = []
            # Without limits of operators, this runs once. A job that exceeds one blocks its analytic, or its owner, for
            # the next round, so the number of rounds is that of the limits at most.
            while not admission.is_paused and len(claimed) < limit:
                excluded = Excluded(admission.blocked_analytics(), unplaceable)
                queued = next_jobs(connection, limit - len(claimed), limits, internal=internal, excluded=excluded)
                admitted = [job for job in queued if admission.take(job)]
                claimed += self._claim_all(connection, admitted)
                if len(admitted) == len(queued):
                    break
            return claimed

    def _admission(self, connection: Connection, internal: bool) -> Admission:
        return Admission() if internal else self._admissions(connection)

    def _claim_all(self, connection: Connection, queued: Sequence[QueuedJob]) -> list[ClaimedAttempt]:
        if not queued:
            return []
        claimed = [_new_attempt(job) for job in queued]
        made = {"stop_requested": False, "created_at": dates.now(), "dispatcher_id": self._process.id}
        rows = [
            {"id": each.attempt_id, "job_id": each.job_id, "credential_hash": hash_key(each.credential), **made}
            for each in claimed
        ]
        connection.execute(insert(attempts), rows)
        merging = {*connection.execute(_MERGING, {"job_ids": [each.job_id for each in claimed]}).scalars()}
        for each in claimed:  # from here on, reports of earlier attempts are refused
            fresh: dict[str, object] = {"retry_at": None, "failure_message": None}
            if each.job_id not in merging:  # the progress of its parts stays
                fresh["status_text"] = None
            transition_job(connection, each.job_id, JobTransition.CLAIM, attempt_id=each.attempt_id, **fresh)
        return claimed

    def record_process(self, attempt_id: str, process_id: int, started_at: float, machine: str) -> None:
        """Record the process of an attempt, so that a later server on the same machine can kill it."""
        values = {"process_id": process_id, "process_started_at": started_at, "machine": machine}
        with self._database.write(durable=False) as connection:
            connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(values))

    def unsettled(self) -> list[UnsettledAttempt]:
        """Return every attempt of this process that is not settled."""
        return self._unsettled(attempts.c.dispatcher_id == self._process.id)

    def abandoned(self) -> list[UnsettledAttempt]:
        """Return every attempt that is not settled and whose dispatcher has died, or was of an earlier version."""
        living = select(processes.c.id).scalar_subquery()
        return self._unsettled(or_(attempts.c.dispatcher_id.is_(None), attempts.c.dispatcher_id.not_in(living)))

    def _unsettled(self, chosen: ColumnElement[bool]) -> list[UnsettledAttempt]:
        of_process = (attempts.c.process_id, attempts.c.process_started_at, attempts.c.machine)
        statement = select(attempts.c.id, *of_process).where(attempts.c.ended_at.is_(None), chosen)
        with self._database.read() as connection:
            return [UnsettledAttempt(*row) for row in connection.execute(statement)]

    def attempts_to_stop(self) -> list[str]:
        """Return the ids of running attempts whose job was killed, or ended longer ago than the grace period.

        They are attempts of this process.
        """
        given = {"oldest_end": dates.now() - self._grace, "dispatcher_id": self._process.id}
        with self._database.read() as connection:
            return list(connection.execute(_TO_STOP, given).scalars())

    def cancel_overdue(self) -> None:
        """Cancel the jobs that have not finished by their deadline."""
        overdue = select(jobs.c.id).where(is_overdue()).limit(_MOST_OVERDUE)
        with self._database.read() as connection:
            job_ids = connection.execute(overdue).scalars().all()
        if job_ids:
            with self._database.write() as connection:
                cancel_overdue(connection, job_ids)

    def times(self, job_id: str) -> JobTimes | None:
        """Return the times of a job; None if it was deleted."""
        of_end = func.coalesce(jobs.c.completion_date, jobs.c.fail_date, type_=jobs.c.fail_date.type)
        columns = (jobs.c.analytic_id, jobs.c.state, jobs.c.upload_date, jobs.c.queued_at, of_end.label("ended"))
        with self._database.read() as connection:
            row = connection.execute(select(*columns).where(jobs.c.id == job_id)).first()
        if row is None:
            return None
        queued, ended = (None if moment is None else moment.timestamp() for moment in (row.queued_at, row.ended))
        return JobTimes(row.analytic_id, row.state, row.upload_date.timestamp(), queued, ended)

    def settle(self, attempt_id: str, settlement: Settlement, detail: str, log: bytes = b"") -> Settlement | None:
        """Record that an attempt ended, and apply the settlement to its job if the attempt did not report the end.

        ``log`` is kept as the attempt's log unless the attempt uploaded one, or there is no space. Settling again
        changes nothing.

        Returns:
            the settlement that was applied to the job, if any.
        """
        applied = None
        # The file is written before the transaction, so that the database is not locked meanwhile. If the transaction
        # does not come to refer to it, it is deleted below, or by the sweeper after a crash.
        with self._database.read() as connection:
            before = load_attempt(connection, attempt_id)
        stored = self._store_log(before, log)
        # If its attempt has ended the job, which is durable, a crash may undo this: the next start settles again.
        is_reported = before is not None and before.state in ENDED
        with self._database.write(durable=not is_reported) as connection:
            if before is not None and not is_reported:
                # Before its attempt: so does a transaction that cancels the job.
                lock_with_dependents(connection, [before.job_id])
            row = load_attempt(connection, attempt_id)
            if row is None or row.ended_at is not None:
                return None
            values: dict[str, object] = {"ended_at": dates.now(), "end_detail": detail}
            if stored is not None and row.log_key is None:
                values |= file_columns("log", stored)
            connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(values))
            if row.is_current and row.state not in ENDED:
                applied = _believed(settlement, row)
                self._settle_job(connection, row, applied, detail)
            unneeded = _drop_unneeded_output(connection, row)
        if unneeded is not None:
            self._storage.delete(unneeded)
        if stored is not None and row.log_key is not None:
            self._storage.delete(stored.key)
        return applied

    def _settle_job(self, connection: Connection, row: AttemptRecord, settlement: Settlement, detail: str) -> None:
        # While the database is away, attempts wait to report. That is not held against their jobs.
        was_away = self._database.outages.any_since(row.created_at)
        if row.failure_type is not None:  # as the attempt reported
            retry_or_fail(connection, row.job_id, row.id, JobFailureType(row.failure_type), None)
            return
        if settlement is Settlement.ANALYTIC_FAILED or (settlement is Settlement.OUT_OF_TIME and not was_away):
            retry_or_fail(connection, row.job_id, row.id, JobFailureType.ANALYTIC, detail)
            return
        if settlement is Settlement.REFUSED:
            fail_job(connection, row.job_id, JobFailureType.PLATFORM, detail)
            return
        if settlement is Settlement.UNPLACED:
            requeue_job(connection, row.job_id, failure_message=detail)  # until it is claimed again
            return
        lost = row.attempts_lost + (settlement is Settlement.LOST and not was_away)
        if lost >= self._max_lost_attempts:
            message = f"The job was lost {lost} times, which is the limit. Cause of the last time: {detail}"
            retry_or_fail(connection, row.job_id, row.id, JobFailureType.PLATFORM, message)
            return
        pause = self._pause(lost, detail) if lost > row.attempts_lost else {}
        requeue_job(connection, row.job_id, attempts_lost=lost, **pause)

    def _pause(self, lost: int, detail: str) -> dict[str, object]:
        """Return the columns that let a job wait after its attempt number ``lost`` was lost, and tell its owner why."""
        seconds = AFTER_LOSS.seconds(lost - 1)
        message = (
            f"Attempt {lost} of {self._max_lost_attempts} was lost: {detail}. The next one starts after {seconds:g} s."
        )
        return {"retry_at": dates.now() + timedelta(seconds=seconds), "failure_message": message}

    def _store_log(self, row: AttemptRecord | None, log: bytes) -> Writer | None:
        if not log or row is None or row.ended_at is not None or row.log_key is not None:
            return None
        try:
            writer = self._storage.writer(f"{LOG_FOLDER}/{uuid.uuid4()}")
            writer.write(log)
            writer.commit()
        except (OutOfSpace, OSError) as error:  # the end of the job matters more than its log
            logger.warning("the log of attempt %s was not kept: %s", row.id, error)
            return None
        return writer

    def references(self, key: str) -> bool:
        """Return whether the record of an attempt refers to the stored file ``key``."""
        refers = or_(attempts.c.output_key == key, attempts.c.log_key == key)
        with self._database.read() as connection:
            return connection.execute(select(attempts.c.id).where(refers)).first() is not None


def _new_attempt(job: QueuedJob) -> ClaimedAttempt:
    return ClaimedAttempt(
        attempt_id=str(uuid.uuid4()),
        job_id=job.id,
        analytic_id=job.analytic_id,
        owner_id=job.owner_id,
        compute_mode=job.compute_mode,
        credential=secrets.token_urlsafe(32),
        timeout_seconds=(job.scheduling or {}).get("timeout_seconds"),
    )


_MERGING = select(split_jobs.c.job_id).where(
    split_jobs.c.job_id.in_(bindparam("job_ids", expanding=True)), split_jobs.c.first_start.is_not(None)
)
"""Jobs whose next attempt merges parts; built once, as every claim asks for them."""

_IS_OVERDUE = jobs.c.state.in_([state.value for state in ENDED]) & or_(
    jobs.c.completion_date < bindparam("oldest_end"), jobs.c.fail_date < bindparam("oldest_end")
)
_TO_STOP = (
    select(attempts.c.id)
    .join(jobs, jobs.c.id == attempts.c.job_id)
    .where(attempts.c.ended_at.is_(None), attempts.c.dispatcher_id == bindparam("dispatcher_id"))
    .where(or_(attempts.c.stop_requested.is_(True), _IS_OVERDUE))
)


def file_columns(kind: str, writer: Writer) -> dict[str, object]:
    """Return the columns of an attempt that describe its ``output`` or its ``log``, as ``writer`` committed it."""
    return {f"{kind}_key": writer.key, f"{kind}_sha256": writer.sha256, f"{kind}_size_bytes": writer.size_bytes}


def _believed(settlement: Settlement, row: AttemptRecord) -> Settlement:
    """Return the settlement. An attempt that has reported RUNNING was started, whatever the exit code that it chose."""
    if settlement in {Settlement.NOT_STARTED, Settlement.UNPLACED} and row.state in {
        JobState.RUNNING,
        PartState.RUNNING,
    }:
        return Settlement.LOST
    return settlement


def _drop_unneeded_output(connection: Connection, row: AttemptRecord) -> str | None:
    """Take the output from a settled attempt, loaded as ``row`` before, and return the key to delete.

    Return None if it has no output, or if that is the output of a COMPLETE job. Settling completes no job.
    """
    if row.output_key is None or (row.state == JobState.COMPLETE and row.is_current):
        return None
    connection.execute(update(attempts).where(attempts.c.id == row.id).values(output_key=None))
    return row.output_key
