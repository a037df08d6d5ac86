"""Reports of attempts: authenticate a running attempt, and apply what it reports of its state, output and log.

Every report checks, in the transaction that applies it, that the attempt is the current one of its job. Another attempt
gets `Forbidden`, which tells it to stop.

A report that is answered with success is durable, because the attempt does not repeat it: output, log, amount, end. Two
are not, and survive a crash of the database only by luck: RUNNING, which the end of the job makes up for, and progress,
which later progress replaces.
"""

from datetime import timedelta

from sqlalchemy import Column, Connection, select, update

from voxel51.server.accounts.tokens import hash_key
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Conflict, DatabaseAway, Forbidden, Unauthenticated
from voxel51.server.events import outbox
from voxel51.server.jobs.attempts import Attempt, AttemptRecord, fail_job, file_columns, load_attempt
from voxel51.server.jobs.status import events_of_status, is_final
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.server.jobs.transitions import ENDED, JobTransition, transition_job
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates
from voxel51.wire.jobs import JobFailureType, JobState
from voxel51.wire.tasks import MetadataReport, TaskState


class AttemptReports:
    """Reports of running attempts.

    Args:
        database: database of the jobs.
        storage: where outputs and logs are kept.
        grace: time after the end of its job in which an attempt may still report.
    """

    def __init__(self, database: Database, storage: Storage, grace: timedelta) -> None:
        self._database = database
        self._storage = storage
        self._grace = grace

    def authenticate(self, credential: str, job_id: str) -> Attempt:
        """Return the attempt at ``job_id`` that has this credential.

        Raises:
            Unauthenticated: no attempt has it.
            Forbidden: the attempt is of another job, is not the current one, or its grace period is over.
        """
        with self._database.read() as connection:
            row = load_attempt(connection, attempts.c.credential_hash == hash_key(credential))
        if row is None:
            raise Unauthenticated("Job credential not recognized")
        if row.job_id != job_id:
            raise Forbidden(f"This credential is for another job than '{job_id}'")
        self._check_current(row)
        return Attempt(row.id, row.job_id, row.owner_id)

    def by_link(self, attempt_id: str) -> Attempt:
        """Return the attempt that a signed link names.

        Raises:
            Forbidden: the attempt is not the current one of its job, or its grace period is over.
        """
        with self._database.read() as connection:
            row = load_attempt(connection, attempts.c.id == attempt_id)
        if row is None:
            raise Forbidden("The job of this link was deleted")
        self._check_current(row)
        return Attempt(row.id, row.job_id, row.owner_id)

    def _check_current(self, row: AttemptRecord) -> None:
        if not row.is_current or row.stop_requested:
            raise Forbidden("This attempt at the job is over. Stop.")
        ended_at = row.completion_date or row.fail_date
        if ended_at is not None and ended_at + self._grace < dates.now():
            raise Forbidden("This job has ended, and the time for its last reports is over. Stop.")

    def report_state(self, attempt: Attempt, state: str, failure_type: str | None) -> None:
        """Apply the state that an attempt reports. The first reported end counts; later reports change nothing.

        Raises:
            BadRequest: the state or the failure type is unknown.
            Forbidden: the attempt is not the current one.
        """
        if state not in list(TaskState):
            raise BadRequest(f"state must be one of {', '.join(TaskState)}, not {state!r}")
        if failure_type is not None and failure_type not in list(JobFailureType):
            raise BadRequest(f"failure_type must be one of {', '.join(JobFailureType)}, not {failure_type!r}")
        with self._database.write(durable=state != TaskState.RUNNING) as connection:
            row = self._current(connection, attempt.id)
            if row.state in ENDED or state == TaskState.SCHEDULED:
                return
            if row.state == JobState.SCHEDULED and state != TaskState.RUNNING:
                # The report of RUNNING was lost with the last moments of a database that crashed.
                transition_job(connection, attempt.job_id, JobTransition.RUN, start_date=row.created_at)
            if state == TaskState.RUNNING:
                transition_job(connection, attempt.job_id, JobTransition.RUN, start_date=dates.now())
            elif state == TaskState.FAILED:
                reported = JobFailureType(failure_type or JobFailureType.NONE)
                kind = JobFailureType.ANALYTIC if reported == JobFailureType.NONE else reported
                fail_job(connection, attempt.job_id, kind, None)
            elif row.output_filename and row.output_key is None:
                missing = f"The analytic reported that it was complete, but left no output '{row.output_filename}'"
                fail_job(connection, attempt.job_id, JobFailureType.ANALYTIC, missing)
            else:
                transition_job(connection, attempt.job_id, JobTransition.COMPLETE, completion_date=dates.now())

    def report_metadata(self, attempt: Attempt, metadata: MetadataReport) -> None:
        """Record how much was analysed.

        Raises:
            BadRequest: a number is negative, or too large for the database.
            Forbidden: the attempt is not the current one.
        """
        for name, number in metadata.items():
            if not isinstance(number, int | float) or not 0 <= number < 2**63:
                raise BadRequest(f"{name} must be a number from 0 and below 2^63, not {number}")
        with self._database.write() as connection:
            self._current(connection, attempt.id)
            connection.execute(update(jobs).where(jobs.c.id == attempt.job_id).values(**metadata))

    def put_status(self, attempt_id: str, text: str) -> None:
        """Keep the status document that an attempt wrote, and record the events that follow from it.

        Raises:
            Forbidden: the attempt is not the current one.
        """
        # Progress is replaced by later progress, and the last status contains all before it.
        with self._database.write(durable=is_final(text)) as connection:
            row = self._current(connection, attempt_id)
            job = connection.execute(select(jobs.c.status_text, jobs.c.internal).where(jobs.c.id == row.job_id)).one()
            connection.execute(update(jobs).where(jobs.c.id == row.job_id).values(status_text=text))
            for name, document in [] if job.internal else events_of_status(job.status_text, text):
                outbox.record(connection, name, [(row.job_id, row.owner_id)], document)

    def put_output(self, attempt_id: str, writer: Writer) -> None:
        """Keep the output of an attempt; a later one replaces an earlier one.

        Raises:
            Conflict: the job has ended, so its output cannot change.
            Forbidden: the attempt is not the current one.
        """
        self._put_file(attempt_id, attempts.c.output_key, writer)

    def put_log(self, attempt_id: str, writer: Writer) -> None:
        """Keep the log of an attempt; a later one replaces an earlier one.

        Raises:
            Forbidden: the attempt is not the current one.
        """
        self._put_file(attempt_id, attempts.c.log_key, writer)

    def _put_file(self, attempt_id: str, column: Column[str], writer: Writer) -> None:
        writer.commit()
        # Exactly one file is deleted at the end: the new one if the report is refused, otherwise the one it replaces.
        unneeded: str | None = writer.key
        try:
            with self._database.write() as connection:
                row = self._current(connection, attempt_id)
                if column is attempts.c.output_key and row.state in ENDED:
                    raise Conflict(f"Job '{row.job_id}' has ended; its output cannot change any more")
                values = file_columns("output" if column is attempts.c.output_key else "log", writer)
                connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(values))
            unneeded = row.output_key if column is attempts.c.output_key else row.log_key
        except DatabaseAway:
            unneeded = None  # the record may name either file; the sweeper deletes the other one
            raise
        finally:
            if unneeded is not None:
                self._storage.delete(unneeded)

    def _current(self, connection: Connection, attempt_id: str) -> AttemptRecord:
        row = load_attempt(connection, attempts.c.id == attempt_id)
        if row is None:
            raise Forbidden("This attempt at the job was deleted. Stop.")
        self._check_current(row)
        return row
