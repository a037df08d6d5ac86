"""Attempts at jobs: what the engine claims and settles, and what a running attempt reports.

Only the current attempt of a job counts: `jobs.attempt_id` names it, and everything an attempt reports is applied in
a transaction that checks it. An earlier attempt that is still alive somewhere is told to stop (`Forbidden`).

Only how a job ended is synced to disk, and with it all that went before. A power cut also ends what was running, so
that the job goes back to the queue whichever of its earlier reports are still on record.
"""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Column, Connection, Row, insert, or_, select, update

from voxel51.server.accounts.tokens import hash_key
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Conflict, Forbidden, Unauthenticated
from voxel51.server.events import outbox
from voxel51.server.jobs.fair_share import ConcurrencyLimits, next_jobs
from voxel51.server.jobs.status import news_of
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.server.jobs.transitions import ENDED, Transition, transition_job
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates
from voxel51.wire.jobs import JobFailureType, JobState
from voxel51.wire.tasks import MetadataReport, TaskState

LOG_FOLDER = "logs"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that proved who it is."""

    id: str
    job_id: str
    owner_id: str

    @property
    def identity(self) -> str:
        """What tells this caller from every other, of whatever kind."""
        return f"attempt:{self.id}"


@dataclass(frozen=True, slots=True)
class ClaimedAttempt:
    """A job that is to be started: ``credential`` is its attempt's alone, and kept nowhere."""

    attempt_id: str
    job_id: str
    entry_point: str
    credential: str


@dataclass(frozen=True, slots=True)
class UnsettledAttempt:
    """An attempt that has not been settled, and the process it ran in, where that was recorded."""

    attempt_id: str
    process_id: int | None
    process_started_at: float | None


class Settlement(Enum):
    """What the end of an attempt means for its job, unless the attempt itself said how the job ended."""

    ANALYTIC_FAILED = "it crashed, or ended without a word: the analytic's fault"
    LOST = "something outside ended it: run the job again, so many times"
    RELEASED = "the platform is stopping: run the job again"


class AttemptService:
    """Claims, reports and settlements."""

    def __init__(
        self, database: Database, storage: Storage, most_lost: int, grace: timedelta, most_running: ConcurrencyLimits
    ) -> None:
        self._database = database
        self._storage = storage
        self._most_lost = most_lost
        self._grace = grace
        self._most_running = most_running

    # -- the engine's side

    def claim(self, limit: int, *, internal: bool = False) -> list[ClaimedAttempt]:
        """Take up to ``limit`` queued jobs, as turns have it; each gets a new attempt, now its current one.

        Either of those that people submitted, or of the platform's own (``internal``).
        """
        with self._database.write(durable=False) as connection:
            rows = next_jobs(connection, limit, _any_number if internal else self._most_running, internal=internal)
            return [self._claim_one(connection, row.id, row.entry_point) for row in rows]

    def _claim_one(self, connection: Connection, job_id: str, entry_point: str) -> ClaimedAttempt:
        claim = ClaimedAttempt(str(uuid.uuid4()), job_id, entry_point, secrets.token_urlsafe(32))
        row = {"id": claim.attempt_id, "job_id": job_id, "credential_hash": hash_key(claim.credential)}
        connection.execute(insert(attempts).values(**row, stop_requested=False, created_at=dates.now()))
        transition_job(connection, job_id, Transition.CLAIM, attempt_id=claim.attempt_id, status_text=None)
        return claim

    def record_process(self, attempt_id: str, process_id: int, started_at: float) -> None:
        """Write down where an attempt runs, so that a later server can end it."""
        values = {"process_id": process_id, "process_started_at": started_at}
        with self._database.write(durable=False) as connection:
            connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(values))

    def unsettled(self) -> list[UnsettledAttempt]:
        """Every attempt that is not settled."""
        statement = select(attempts.c.id, attempts.c.process_id, attempts.c.process_started_at)
        with self._database.read() as connection:
            rows = connection.execute(statement.where(attempts.c.ended_at.is_(None))).all()
        return [UnsettledAttempt(*row) for row in rows]

    def attempts_to_stop(self) -> list[str]:
        """Attempts that are to be ended: their job was killed, or ended long ago while they did not."""
        overdue = jobs.c.state.in_([state.value for state in ENDED]) & or_(
            jobs.c.completion_date < dates.now() - self._grace, jobs.c.fail_date < dates.now() - self._grace
        )
        statement = (
            select(attempts.c.id)
            .join(jobs, jobs.c.id == attempts.c.job_id)
            .where(attempts.c.ended_at.is_(None), or_(attempts.c.stop_requested.is_(True), overdue))
        )
        with self._database.read() as connection:
            return list(connection.execute(statement).scalars())

    def settle(self, attempt_id: str, settlement: Settlement, detail: str, log: bytes = b"") -> None:
        """Write down that an attempt ended, and what that means for its job if the attempt did not say itself.

        ``log`` is kept as the attempt's log unless the attempt sent one. Settling it again changes nothing.
        """
        log_key = self._keep_log(attempt_id, log)
        with self._database.write() as connection:
            row = _load(connection, attempt_id)
            if row is None or row.ended_at is not None:
                return
            values: dict[str, Any] = {"ended_at": dates.now(), "end_detail": detail}
            if log_key is not None and row.log_key is None:
                values["log_key"] = log_key
            connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(values))
            if row.current_attempt_id == attempt_id and row.state not in ENDED:
                self._settle_job(connection, row, settlement, detail)
            unneeded = _drop_unneeded_output(connection, attempt_id)
        for key in unneeded:
            self._storage.delete(key)
        if log_key is not None and row.log_key is not None:
            self._storage.delete(log_key)

    def _settle_job(self, connection: Connection, row: Row[Any], settlement: Settlement, detail: str) -> None:
        if settlement is Settlement.ANALYTIC_FAILED:
            _fail(connection, row.job_id, JobFailureType.ANALYTIC, detail)
            return
        lost = row.attempts_lost + (settlement is Settlement.LOST)
        if lost >= self._most_lost:
            message = f"The job was lost {lost} times and is not tried again; the last time: {detail}"
            _fail(connection, row.job_id, JobFailureType.PLATFORM, message)
            return
        values = {"attempt_id": None, "attempts_lost": lost, "start_date": None, "status_text": None}
        transition_job(connection, row.job_id, Transition.REQUEUE, **values)

    def _keep_log(self, attempt_id: str, log: bytes) -> str | None:
        with self._database.read() as connection:
            row = _load(connection, attempt_id)
        if not log or row is None or row.ended_at is not None or row.log_key is not None:
            return None
        writer = self._storage.writer(f"{LOG_FOLDER}/{uuid.uuid4()}")
        writer.write(log)
        writer.commit()
        return writer.key

    def keeps(self, key: str) -> bool:
        """Whether an attempt's record refers to the stored file ``key``."""
        refers = or_(attempts.c.output_key == key, attempts.c.log_key == key)
        with self._database.read() as connection:
            return connection.execute(select(attempts.c.id).where(refers)).first() is not None

    # -- the attempt's side

    def authenticate(self, credential: str, job_id: str) -> Attempt:
        """The attempt at ``job_id`` that has this credential.

        Raises:
            Unauthenticated: no attempt has it.
            Forbidden: it is another job's, no longer the current attempt's, or its time is over.
        """
        with self._database.read() as connection:
            row = connection.execute(_joined().where(attempts.c.credential_hash == hash_key(credential))).first()
        if row is None:
            raise Unauthenticated("This job credential is not known here")
        if row.job_id != job_id:
            raise Forbidden(f"This credential belongs to another job than '{job_id}'")
        self._check_current(row)
        return Attempt(row.id, row.job_id, row.owner_id)

    def by_link(self, attempt_id: str) -> Attempt:
        """The attempt that a signed link names.

        Raises:
            Forbidden: it is no longer the current attempt, or its time is over.
        """
        with self._database.read() as connection:
            row = _load(connection, attempt_id)
        if row is None:
            raise Forbidden("This link's job is gone")
        self._check_current(row)
        return Attempt(row.id, row.job_id, row.owner_id)

    def _check_current(self, row: Row[Any]) -> None:
        if row.current_attempt_id != row.id or row.stop_requested:
            raise Forbidden("This attempt at the job is over: stop")
        ended_at = row.completion_date or row.fail_date
        if ended_at is not None and ended_at + self._grace < dates.now():
            raise Forbidden("This job has ended, and the time for its last reports is over")

    def report_state(self, attempt: Attempt, state: str, failure_type: str | None) -> None:
        """Apply what an attempt says of its state. The first end wins; what comes after it changes nothing.

        Raises:
            BadRequest: the state or the failure type is none.
            Forbidden: the attempt is no longer current.
        """
        if state not in list(TaskState):
            raise BadRequest(f"state is {', '.join(TaskState)}, not {state!r}")
        if failure_type is not None and failure_type not in list(JobFailureType):
            raise BadRequest(f"failure_type is {', '.join(JobFailureType)}, not {failure_type!r}")
        with self._database.write(durable=state != TaskState.RUNNING) as connection:
            row = self._current(connection, attempt.id)
            if row.state in ENDED or state == TaskState.SCHEDULED:
                return
            if state == TaskState.RUNNING:
                transition_job(connection, attempt.job_id, Transition.RUN, start_date=dates.now())
            elif state == TaskState.FAILED:
                kind = JobFailureType(failure_type or JobFailureType.NONE)
                _fail(
                    connection, attempt.job_id, JobFailureType.ANALYTIC if kind == JobFailureType.NONE else kind, None
                )
            elif row.output_filename and row.output_key is None:
                missing = f"The analytic said it was complete but left no output '{row.output_filename}'"
                _fail(connection, attempt.job_id, JobFailureType.ANALYTIC, missing)
            else:
                transition_job(connection, attempt.job_id, Transition.COMPLETE, completion_date=dates.now())

    def report_metadata(self, attempt: Attempt, metadata: MetadataReport) -> None:
        """Keep how much was analysed.

        Raises:
            BadRequest: an amount is negative, or beyond what a database keeps.
            Forbidden: the attempt is no longer current.
        """
        for name, amount in metadata.items():
            if not 0 <= amount < 2**63:  # type: ignore[operator]  # all of them are numbers
                raise BadRequest(f"{name} is a number from 0 and below 2^63, not {amount}")
        with self._database.write(durable=False) as connection:
            self._current(connection, attempt.id)
            connection.execute(update(jobs).where(jobs.c.id == attempt.job_id).values(**metadata))

    def put_status(self, attempt_id: str, text: str) -> None:
        """Keep the status document that an attempt wrote.

        Raises:
            Forbidden: the attempt is no longer current.
        """
        with self._database.write(durable=False) as connection:
            row = self._current(connection, attempt_id)
            job = connection.execute(select(jobs.c.status_text, jobs.c.internal).where(jobs.c.id == row.job_id)).one()
            connection.execute(update(jobs).where(jobs.c.id == row.job_id).values(status_text=text))
            for name, document in [] if job.internal else news_of(job.status_text, text):
                outbox.record(connection, name, [(row.job_id, row.owner_id)], document)

    def put_output(self, attempt_id: str, writer: Writer) -> None:
        """Keep the output that an attempt left; a later one takes the place of an earlier one.

        Raises:
            Conflict: the job has ended; its output is what it was.
            Forbidden: the attempt is no longer current.
        """
        self._put_file(attempt_id, attempts.c.output_key, writer)

    def put_log(self, attempt_id: str, writer: Writer) -> None:
        """Keep the log that an attempt left; a later one takes the place of an earlier one.

        Raises:
            Forbidden: the attempt is no longer current.
        """
        self._put_file(attempt_id, attempts.c.log_key, writer)

    def _put_file(self, attempt_id: str, column: Column[str], writer: Writer) -> None:
        writer.commit()
        unneeded: str | None = writer.key
        try:
            with self._database.write(durable=False) as connection:
                row = self._current(connection, attempt_id)
                if column is attempts.c.output_key and row.state in ENDED:
                    raise Conflict(f"Job '{row.job_id}' has ended; its output cannot change any more")
                values = {column.name: writer.key}
                if column is attempts.c.output_key:
                    values["output_sha256"] = writer.sha256
                connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(values))
            unneeded = row._mapping[column.name]
        finally:
            if unneeded is not None:
                self._storage.delete(unneeded)

    def _current(self, connection: Connection, attempt_id: str) -> Row[Any]:
        row = _load(connection, attempt_id)
        if row is None:
            raise Forbidden("This attempt at the job is gone")
        self._check_current(row)
        return row


def _any_number(_connection: Connection, _owner_ids: Sequence[str]) -> Mapping[str, int]:
    return {}


def _joined() -> Any:
    return select(
        attempts.c.id,
        attempts.c.job_id,
        attempts.c.stop_requested,
        attempts.c.ended_at,
        attempts.c.output_key,
        attempts.c.log_key,
        jobs.c.owner_id,
        jobs.c.state,
        jobs.c.attempt_id.label("current_attempt_id"),
        jobs.c.attempts_lost,
        jobs.c.output_filename,
        jobs.c.completion_date,
        jobs.c.fail_date,
    ).join(jobs, jobs.c.id == attempts.c.job_id)


def _load(connection: Connection, attempt_id: str) -> Row[Any] | None:
    row: Row[Any] | None = connection.execute(_joined().where(attempts.c.id == attempt_id)).first()
    return row


def _fail(connection: Connection, job_id: str, kind: JobFailureType, message: str | None) -> None:
    values = {"failure_type": kind.value, "failure_message": message, "fail_date": dates.now()}
    transition_job(connection, job_id, Transition.FAIL, **values)


def _drop_unneeded_output(connection: Connection, attempt_id: str) -> list[str]:
    """Unlink the attempt's output unless its job is COMPLETE by it."""
    row = _load(connection, attempt_id)
    if row is None or row.output_key is None:
        return []
    if row.state == JobState.COMPLETE and row.current_attempt_id == attempt_id:
        return []
    connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(output_key=None))
    return [row.output_key]
