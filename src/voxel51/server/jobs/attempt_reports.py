"""Reports of attempts: authenticate a running attempt, and apply what it reports of its state, output and log.

Every report checks, in the transaction that applies it, that the attempt is the current one of its job. Another attempt
gets `Forbidden`, which tells it to stop.

A report that is answered with success is durable, because the attempt does not repeat it: output, log, amount, end. Two
are not, and survive a crash of the database only by luck: RUNNING, which the end of the job makes up for, and progress,
which later progress replaces.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta

from sqlalchemy import Connection, select, update

from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Conflict, DatabaseAway, Forbidden, Unauthenticated
from voxel51.server.events import outbox
from voxel51.server.events.tables import events
from voxel51.server.jobs.attempt_records import AttemptRecord, load_attempt, load_attempt_by_credential
from voxel51.server.jobs.attempts import (
    LOG_FOLDER,
    OUTPUT_FOLDER,
    Attempt,
    file_columns,
)
from voxel51.server.jobs.failures import report_failure
from voxel51.server.jobs.split_tables import PartState
from voxel51.server.jobs.status import check_status, events_of_status, is_final, of_merge
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.server.jobs.transitions import ENDED, JobTransition, transition_job
from voxel51.server.storage.committing import commit_all
from voxel51.server.storage.storage import Storage, Writer
from voxel51.server.tracing.requests import about_job
from voxel51.wire import dates
from voxel51.wire.events import EventName
from voxel51.wire.jobs import JobFailureType, JobState
from voxel51.wire.tasks import FinishReport, MetadataReport, TaskState

MAX_MESSAGE_EVENTS = 2000
"""Events that the messages of one job cause. Its status has all messages, but events are kept for weeks."""


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
            row = load_attempt_by_credential(connection, credential)
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
            row = load_attempt(connection, attempt_id)
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

    def current(self, connection: Connection, attempt_id: str) -> AttemptRecord:
        """Return the attempt, within a transaction that applies one of its reports.

        Raises:
            Forbidden: it is not the current one, or its grace period is over.
        """
        row = load_attempt(connection, attempt_id)
        if row is None:
            raise Forbidden("This attempt at the job was deleted. Stop.")
        about_job(row.job_id, attempt_id)
        self._check_current(row)
        return row

    def report_state(self, attempt: Attempt, state: str, failure_type: str | None) -> None:
        """Apply the state that an attempt reports. The first reported end counts; later reports change nothing.

        Raises:
            BadRequest: the state or the failure type is unknown.
            Forbidden: the attempt is not the current one.
        """
        _check_state(state, failure_type)
        with self._database.write(durable=state != TaskState.RUNNING) as connection:
            row = self.current(connection, attempt.id)
            if row.state in ENDED or state == TaskState.SCHEDULED:
                return
            if state == TaskState.RUNNING:
                started = row.first_start or dates.now()  # a split job started with its first part
                transition_job(connection, attempt.job_id, JobTransition.RUN, start_date=started)
            else:
                _end_job(connection, row, state, failure_type, has_output=row.output_key is not None)

    def finish(self, attempt: Attempt, report: FinishReport) -> None:
        """Keep the last files and the last status of an attempt, and end its job: all or nothing.

        The first reported end counts: a repeated report changes nothing.

        Raises:
            BadRequest: the state, the failure type or the status is invalid.
            Forbidden: the attempt is not the current one.
        """
        state, failure_type = report["state"], report.get("failure_type")
        _check_state(state, failure_type)
        if state not in ENDED:
            raise BadRequest(f"A job ends as {' or '.join(ENDED)}, not as {state!r}")
        status = check_status(report["status"]) if "status" in report else None
        with ExitStack() as stack:
            files = {
                kind: stack.enter_context(self._written(folder, content))
                for kind, folder, content in (
                    ("output", OUTPUT_FOLDER, report.get("output")),
                    ("log", LOG_FOLDER, report.get("log")),
                )
                if content is not None
            }
            stack.enter_context(suppress(_EndedBefore))
            connection, row = stack.enter_context(self._keeping(attempt.id, files))
            if row.state in ENDED:
                raise _EndedBefore
            if status is not None:
                _keep_status(connection, row, status)
            _end_job(connection, row, state, failure_type, has_output="output" in files or row.output_key is not None)

    @contextmanager
    def _written(self, folder: str, content: bytes) -> Iterator[Writer]:
        writer = self._storage.writer(f"{folder}/{uuid.uuid4()}", len(content))
        try:
            writer.write(content)
            yield writer
        finally:
            writer.abort()  # without effect once it is committed

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
            self.current(connection, attempt.id)
            connection.execute(update(jobs).where(jobs.c.id == attempt.job_id).values(**metadata))

    def put_status(self, attempt_id: str, text: str) -> None:
        """Keep the status document that an attempt wrote, and record the events that follow from it.

        Raises:
            Forbidden: the attempt is not the current one.
        """
        # Progress is replaced by later progress, and the last status contains all before it.
        with self._database.write(durable=is_final(text)) as connection:
            _keep_status(connection, self.current(connection, attempt_id), text)

    def put_output(self, attempt_id: str, writer: Writer) -> None:
        """Keep the output of an attempt; a later one replaces an earlier one.

        Raises:
            Conflict: the job has ended, so its output cannot change.
            Forbidden: the attempt is not the current one.
        """
        with self._keeping(attempt_id, {"output": writer}) as (_, row):
            if row.state in ENDED:
                raise Conflict(f"Job '{row.job_id}' has ended; its output cannot change any more")

    def put_log(self, attempt_id: str, writer: Writer) -> None:
        """Keep the log of an attempt; a later one replaces an earlier one.

        Raises:
            Forbidden: the attempt is not the current one.
        """
        with self._keeping(attempt_id, {"log": writer}):
            pass

    @contextmanager
    def _keeping(self, attempt_id: str, files: Mapping[str, Writer]) -> Iterator[tuple[Connection, AttemptRecord]]:
        """Commit ``files`` (kind -> file) and record them for the current attempt, in the transaction of the block.

        Exactly one file of each kind is deleted at the end: the new one if the block raises, otherwise the one it
        replaces.
        """
        unneeded: list[str | None] = [writer.key for writer in files.values()]
        try:
            if files:
                commit_all(files.values())
            with self._database.write() as connection:
                row = self.current(connection, attempt_id)
                yield connection, row
                values = {name: value for kind in files for name, value in file_columns(kind, files[kind]).items()}
                if values:
                    connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(values))
            unneeded = [{"output": row.output_key, "log": row.log_key}[kind] for kind in files]
        except DatabaseAway:
            unneeded = []  # the record may name either file; the sweeper deletes the other one
            raise
        finally:
            for key in filter(None, unneeded):
                self._storage.delete(key)


class _EndedBefore(Exception):
    """The job of an attempt that finishes has ended already. It rolls the report back."""


def _check_state(state: str, failure_type: str | None) -> None:
    if state not in list(TaskState):
        raise BadRequest(f"state must be one of {', '.join(TaskState)}, not {state!r}")
    if failure_type is not None and failure_type not in list(JobFailureType):
        raise BadRequest(f"failure_type must be one of {', '.join(JobFailureType)}, not {failure_type!r}")


def _end_job(
    connection: Connection, row: AttemptRecord, state: str, failure_type: str | None, *, has_output: bool
) -> None:
    """Apply a reported end: COMPLETE or FAILED. The first one counts."""
    if row.failure_type is not None:  # was noted for a retry
        return
    if row.state in {JobState.SCHEDULED, PartState.SCHEDULED}:  # a database that crashed has lost the report of RUNNING
        started = row.first_start or row.created_at
        transition_job(connection, row.job_id, JobTransition.RUN, start_date=started)
    if state == TaskState.FAILED:
        reported = JobFailureType(failure_type or JobFailureType.NONE)
        kind = JobFailureType.ANALYTIC if reported == JobFailureType.NONE else reported
        report_failure(connection, row.job_id, row.id, kind, None)
    elif row.output_filename and not has_output:
        missing = f"The analytic reported that it was complete, but left no output '{row.output_filename}'"
        report_failure(connection, row.job_id, row.id, JobFailureType.ANALYTIC, missing)
    else:
        transition_job(connection, row.job_id, JobTransition.COMPLETE, completion_date=dates.now())


def _keep_status(connection: Connection, row: AttemptRecord, text: str) -> None:
    """Keep a status document, and record the events that follow from it."""
    if row.first_start is not None:  # of parts, which it merges
        text = of_merge(text)
    job = connection.execute(select(jobs.c.status_text, jobs.c.internal).where(jobs.c.id == row.job_id)).one()
    connection.execute(update(jobs).where(jobs.c.id == row.job_id).values(status_text=text))
    found = [] if job.internal else [*events_of_status(job.status_text, text)]
    is_full = any(name == EventName.MESSAGE for name, _ in found) and _has_all_messages(connection, row.job_id)
    for name, document in found:
        if not (is_full and name == EventName.MESSAGE):
            outbox.record(connection, name, [(row.job_id, row.owner_id)], document)


def _has_all_messages(connection: Connection, job_id: str) -> bool:
    """Return whether a job has caused `MAX_MESSAGE_EVENTS`."""
    of_job = select(events.c.id).where(events.c.job_id == job_id, events.c.name == EventName.MESSAGE.value)
    return connection.execute(of_job.offset(MAX_MESSAGE_EVENTS - 1).limit(1)).first() is not None
