"""Jobs of users: submit, list and show jobs, hand out their outputs and logs, and delete what has expired."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, and_, bindparam, delete, func, select, update

from voxel51.server.accounts.callers import Application, User
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.data.service import DataService
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.database import Database
from voxel51.server.database.listing import Page, run
from voxel51.server.database.prepared_query import PreparedQuery
from voxel51.server.database.search import Holder, Listing, Query
from voxel51.server.database.text_index import TextIndex
from voxel51.server.database.types import DatabaseRecord
from voxel51.server.downloads import Download, Links
from voxel51.server.errors import Forbidden, NotFound
from voxel51.server.events import outbox
from voxel51.server.jobs.dependencies import lock_with_dependents, output_in_use
from voxel51.server.jobs.details import Outlook, further_fields, jobs_with_details, no_outlook
from voxel51.server.jobs.outputs import checked_output, download_of, job_not_found, jobs_with_files
from voxel51.server.jobs.queue_positions import QueuePositions
from voxel51.server.jobs.requests import read_request
from voxel51.server.jobs.reused_results import ReusedResults
from voxel51.server.jobs.scheduling import options_of, read_options
from voxel51.server.jobs.status import status_of
from voxel51.server.jobs.submission import JobSubmission
from voxel51.server.jobs.tables import attempts, jobs, user_submitted
from voxel51.server.jobs.transitions import ENDED, settle_dependents
from voxel51.server.outcomes import Outcomes
from voxel51.server.secrets.service import SecretService
from voxel51.server.storage.storage import Storage
from voxel51.server.tracing.requests import about_job
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticScope
from voxel51.wire.events import EventName
from voxel51.wire.jobs import JobList, JobRecord, JobRequestDocument, JobState
from voxel51.wire.query import JOBS_FIELDS, JOBS_FURTHER_FIELDS

LISTING = Listing(
    columns={name: jobs.c[name] for name in JOBS_FIELDS},
    texts=frozenset({"id", "name", "state"}),
    flags=frozenset({"archived", "expired", "auto_start"}),
    identity=jobs.c.id,
    further=JOBS_FURTHER_FIELDS,
    text_index=TextIndex("jobs"),
    choices={"state": tuple(state.value for state in JobState)},
    indexed=(("state", "archived"), ("expired",), ("archived",)),
)
_DATES = ("upload_date", "expiration_date", "start_date", "completion_date", "fail_date")
_EXTRAS = ("output_filename", "frame_count", "duration_seconds", "size_bytes", "failure_message", "reused")
_BATCH_SIZE = 1000
"""Number of jobs that one transaction changes, so that no other writer waits long for the lock."""

_ONE = (jobs.c.id == bindparam("job_id")) & (jobs.c.owner_id == bindparam("owner_id")) & user_submitted
_JOB = PreparedQuery(jobs_with_files().where(_ONE))
_JOB_DETAILS = PreparedQuery(jobs_with_details().where(_ONE))
_SHORT_JOB_DETAILS = PreparedQuery(
    jobs_with_details().where(
        _ONE,
        # Finding the position in a long queue, and what a claimed job waits for, takes milliseconds.
        # Two comparisons, because a prepared query takes no list.
        jobs.c.state != JobState.QUEUED.value,
        jobs.c.state != JobState.SCHEDULED.value,
        func.length(jobs.c.request) + func.length(func.coalesce(jobs.c.status_text, "")) <= 16_384,
    )
)
"""Selects nothing if the details of the job take longer than a millisecond."""


class JobService:
    """Jobs of users. Every method sees only the jobs of the given owner.

    ``wake`` is called after a job was queued, so that the dispatcher acts at once.

    Attributes:
        submission: checks and records new jobs.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        analytics: AnalyticService,
        data: DataService,
        lifetime: timedelta,
        links: Links,
        secrets: SecretService,
        positions: QueuePositions,
        wake: Callable[[], None],
        refusal: str | None = None,
        outlook: Outlook = no_outlook,
    ) -> None:
        self._outlook = outlook
        self.submission = JobSubmission(
            database, analytics, data, lifetime, secrets, wake, ReusedResults(database, storage), refusal
        )
        self._database = database
        self._storage = storage
        self._links = links
        self._positions = positions

    def submit(
        self,
        owner: User,
        content: bytes,
        name: str | None,
        auto_start: bool,
        ttl: str | None,
        scheduling: str | None = None,
    ) -> JobRecord:
        """Create a job from the JSON of its request, and start it if ``auto_start``.

        ``scheduling`` is the JSON of its `SchedulingOptions`.

        Raises:
            BadRequest: the request does not fit the analytic or the data; the text names the part.
            Unavailable: no job runs on this platform; the text says why.
        """
        options = read_options(scheduling)
        request = read_request(content)
        reuse = request.get("reuse_result", False)
        job_id = self.submission.submit(owner, request, name, auto_start, ttl, scheduling=options, reuse=reuse)
        about_job(job_id)
        return self.record(owner, job_id)

    def query(self, owner: User, query: Query) -> JobList:
        """Return the jobs of the owner that match."""
        return self._query(Holder(jobs.c.owner_id, owner.id), query)

    def query_of_application(self, application: Application, query: Query) -> JobList:
        """Return the jobs of all users of ``application`` that match."""
        return self._query(Holder(jobs.c.application_id, application.id), query)

    def _query(self, holder: Holder, query: Query) -> JobList:
        asked = query.fields or ()
        further = [name for name in JOBS_FURTHER_FIELDS if name in asked]
        with self._database.read() as connection:
            if not further:
                return _list_of(run(connection, LISTING, query, [user_submitted], holder))
            page = run(connection, LISTING, replace(query, fields=(*asked, "id")), [user_submitted], holder)
            found = self._further(connection, [row["id"] for row in page.records], further)
        complete = [row | found[row["id"]] for row in page.records]
        named = [{name: each[name] for name in asked if name in each} for each in complete]
        return _list_of(replace(page, records=named))

    def _further(
        self, connection: Connection, job_ids: Sequence[str], names: Sequence[str]
    ) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = {}
        for chunk in in_chunks(job_ids):
            chosen = jobs.c.id.in_(chunk)
            rows = connection.execute(jobs_with_details().where(chosen)).mappings().all()
            found |= further_fields(connection, rows, {*names}, self._positions, self._outlook)
        return found

    def list_unarchived(self, owner: User) -> JobList:
        """Return the jobs of the owner that are not archived."""
        visible = [jobs.c.owner_id == owner.id, user_submitted, jobs.c.archived.is_(False)]
        with self._database.read() as connection:
            return _list_of(run(connection, LISTING, Query(), visible))

    def record(self, owner: User, job_id: str) -> JobRecord:
        """Return the record of a job: its dates, state, analytic, and how much was analysed.

        Raises:
            NotFound: the owner has no such job.
        """
        return _record(self.find(owner.id, job_id))

    def details(self, owner: User, job_id: str) -> JobRecord:
        """Return the record of a job and its progress.

        Raises:
            NotFound: the owner has no such job.
        """
        with self._database.read() as connection:
            job = _JOB_DETAILS.first(connection, job_id=job_id, owner_id=owner.id)
            if job is None:
                raise job_not_found(job_id)
            return self._with_details(connection, job)

    def details_at_once(self, owner: User, job_id: str) -> JobRecord | None:
        """Return the details of a job, or None if there is no such job or they would take longer than a millisecond."""
        with self._database.read_at_once() as connection:
            job = _SHORT_JOB_DETAILS.first(connection, job_id=job_id, owner_id=owner.id)
            return None if job is None else self._with_details(connection, job)

    def _with_details(self, connection: Connection, job: DatabaseRecord) -> JobRecord:
        return _with(job, self._all_further(connection, [job])[job["id"]])

    def _all_further(self, connection: Connection, rows: Sequence[DatabaseRecord]) -> dict[str, dict[str, object]]:
        return further_fields(connection, rows, {*JOBS_FURTHER_FIELDS}, self._positions, self._outlook)

    def details_of_many(self, owner: User, job_ids: Sequence[str]) -> Outcomes[JobRecord]:
        """Return the details of each job, or `NotFound` for those that the owner does not have."""
        with self._database.read() as connection:
            found = _find_all(connection, owner.id, job_ids)
            further = self._all_further(connection, [*found.values()])
        return {
            job_id: _with(found[job_id], further[job_id]) if job_id in found else job_not_found(job_id)
            for job_id in job_ids
        }

    def request(self, owner: User, job_id: str) -> JobRequestDocument:
        """Return the request of a job.

        Raises:
            NotFound: the owner has no such job.
        """
        request: JobRequestDocument = self.find(owner.id, job_id)["request"]
        return request

    def status(self, owner: User, job_id: str) -> dict[str, object]:
        """Return the status document of a job.

        Raises:
            NotFound: the owner has no such job, or it was not started.
        """
        job = self.find(owner.id, job_id)
        if job["state"] == JobState.READY:
            raise NotFound(f"Job '{job_id}' has no status yet. Start it first.")
        return status_of(job)

    def output(self, owner_id: str, job_id: str) -> Download:
        """Return the output of a job.

        Raises:
            NotFound: the owner has no such job, or its analytic produces no output file.
            BadRequest: the job is not COMPLETE, or has expired.
        """
        return checked_output(self.find(owner_id, job_id))

    def log(self, owner_id: str, job_id: str) -> Download:
        """Return the log of a job.

        Raises:
            NotFound: the owner has no such job, or it has no log yet.
            Forbidden: its analytic is public; only the owner of an analytic sees its logs.
        """
        job = self.find(owner_id, job_id)
        if job["scope"] == AnalyticScope.PUBLIC:
            raise Forbidden(f"Job '{job_id}' ran a public analytic; logs are shown for private analytics only")
        if job["log_key"] is None:
            raise NotFound(f"Job '{job_id}' has no log yet")
        return download_of(job["log_key"], f"{job_id}.log", None, job["log_size_bytes"])

    def output_url(self, owner: User, job_id: str) -> str:
        """Return a signed link to the output; raise as `output` does."""
        self.output(owner.id, job_id)
        return self._links("GET", f"/links/jobs/{job_id}/output")

    def log_url(self, owner: User, job_id: str) -> str:
        """Return a signed link to the log; raise as `log` does."""
        self.log(owner.id, job_id)
        return self._links("GET", f"/links/jobs/{job_id}/log")

    def owner_of(self, job_id: str) -> str:
        """Return the owner's id of a job that a signed link names.

        Raises:
            NotFound: the job was deleted.
        """
        with self._database.read() as connection:
            owner_id: str | None = connection.execute(select(jobs.c.owner_id).where(jobs.c.id == job_id)).scalar()
        if owner_id is None:
            raise NotFound(f"Job '{job_id}' not found")
        return owner_id

    def expire(self) -> int:
        """Delete the files of expired jobs, and archive the jobs; return how many.

        Jobs that run do not expire, nor do those whose output a job takes that has not ended.
        """
        due = (jobs.c.expiration_date <= dates.now()) & jobs.c.expired.is_(False) & user_submitted
        due &= jobs.c.state.in_([JobState.READY.value, *(state.value for state in ENDED)]) & ~output_in_use
        with self._database.write(frees_space=True) as connection:
            found = connection.execute(select(jobs.c.id).where(due).limit(_BATCH_SIZE)).scalars().all()
            lock_with_dependents(connection, found)
            still_due = select(jobs.c.id, jobs.c.owner_id).where(jobs.c.id.in_(found), due)
            expired = connection.execute(still_due).all()
            job_ids = [job.id for job in expired]
            keys = detach_files(connection, job_ids)
            connection.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(expired=True, archived=True))
            settle_dependents(connection, job_ids)
            outbox.record(connection, EventName.EXPIRED, [(job.id, job.owner_id) for job in expired], {})
        for key in keys:
            self._database.after_commit(partial(self._storage.delete, key))
        return len(expired)

    def export(self, owner: User) -> list[dict[str, object]]:
        """Return the record and request of every job of the owner, each with a signed link to its output, if any."""
        of_owner = jobs_with_files().where(jobs.c.owner_id == owner.id, user_submitted)
        statement = of_owner.order_by(jobs.c.upload_date, jobs.c.id)
        with self._database.read() as connection:
            rows = connection.execute(statement).mappings().all()
        return [self._exported(row) for row in rows]

    def _exported(self, job: DatabaseRecord) -> dict[str, object]:
        has_output = job["state"] == JobState.COMPLETE and job["output_key"] is not None
        url = self._links("GET", f"/links/jobs/{job['id']}/output") if has_output else None
        return {**_record(job), "request": job["request"], "output_url": url}

    def delete_all(self, owner: User) -> bool:
        """Delete all jobs of the owner, all of which have ended, and their files."""
        all_jobs = select(jobs.c.id).where(jobs.c.owner_id == owner.id).limit(_BATCH_SIZE)
        while True:
            with self._database.write(frees_space=True) as connection:
                job_ids = connection.execute(all_jobs).scalars().all()
                lock_with_dependents(connection, job_ids)
                for key in detach_files(connection, job_ids):
                    self._database.after_commit(partial(self._storage.delete, key))
                connection.execute(delete(jobs).where(jobs.c.id.in_(job_ids)))
            if not job_ids:
                return True

    def find(self, owner_id: str, job_id: str) -> DatabaseRecord:
        """Return the row of a job, with ``version`` and ``scope`` of its analytic and the files of its current attempt.

        Raises:
            NotFound: the owner has no such job.
        """
        with self._database.read() as connection:
            row = _JOB.first(connection, job_id=job_id, owner_id=owner_id)
        if row is None:
            raise job_not_found(job_id)
        return row


def has_active_jobs(connection: Connection, analytic_id: str) -> bool:
    """Return whether some jobs of this analytic have not ended."""
    is_active = jobs.c.state.in_([state.value for state in JobState if state not in ENDED])
    # Jobs without a date of their end are in an index of their own.
    has_no_end = and_(jobs.c.completion_date.is_(None), jobs.c.fail_date.is_(None))
    active = select(jobs.c.id).where(jobs.c.analytic_id == analytic_id, is_active, has_no_end).limit(1)
    return connection.execute(active).first() is not None


def _find_all(connection: Connection, owner_id: str, job_ids: Sequence[str]) -> dict[str, DatabaseRecord]:
    statement = jobs_with_details().where(jobs.c.id.in_(job_ids), jobs.c.owner_id == owner_id, user_submitted)
    return {row["id"]: row for row in connection.execute(statement).mappings()}


def _record(job: DatabaseRecord) -> JobRecord:
    extras = {name: job[name] for name in _EXTRAS}
    named = {"analytic": job["request"]["analytic"], "version": job["version"], "scheduling": options_of(job)}
    return _with(job, {**extras, **named})


def _with(job: DatabaseRecord, further: Mapping[str, object]) -> JobRecord:
    return _to_wire({**{name: job[name] for name in JOBS_FIELDS}, **further})


def detach_files(connection: Connection, job_ids: Sequence[str]) -> list[str]:
    """Take outputs and logs from all attempts at these jobs; return their storage keys, to delete after the commit."""
    of_job = attempts.c.job_id.in_(job_ids)
    rows = connection.execute(select(attempts.c.output_key, attempts.c.log_key).where(of_job)).all()
    connection.execute(update(attempts).where(of_job).values(output_key=None, log_key=None))
    return [key for row in rows for key in row if key is not None]


def _list_of(page: Page) -> JobList:
    records = [_to_wire(record) for record in page.records]
    return {"jobs": records, **page.totals()}


def _to_wire(record: dict[str, object]) -> JobRecord:
    for field in _DATES:
        moment = record.get(field)
        if isinstance(moment, datetime):
            record[field] = dates.to_text(moment)
    return record  # type: ignore[return-value]  # the keys are those of the listing and of _EXTRAS
