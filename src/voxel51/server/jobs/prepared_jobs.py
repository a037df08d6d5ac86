"""Prepared jobs: check all jobs that one transaction is to record, and copy earlier results, before it begins.

A transaction that writes keeps others waiting: on SQLite, all of them. So it checks again only what may have changed,
and inserts the rows of all jobs together.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Connection, insert

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import application_of
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.data.lifetime import first_expiration
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest
from voxel51.server.events import outbox
from voxel51.server.jobs.dependencies import (
    Source,
    lock_sources,
    record_dependencies,
    upload_date_after,
)
from voxel51.server.jobs.inputs import record_inputs
from voxel51.server.jobs.job_checks import JobChecks
from voxel51.server.jobs.label_jobs import mismatch
from voxel51.server.jobs.requests import LONGEST_NAME, check_request, files_of
from voxel51.server.jobs.result_cache import (
    Hashes,
    Names,
    ResultKeys,
    identity_of,
    is_deterministic,
    is_shareable,
    key_of,
    named_output,
    record_keys,
    shared_key,
    shares_results,
)
from voxel51.server.jobs.reused_results import (
    NOT_COPIED,
    CopiedResult,
    ReusedResults,
    complete_by_copy,
    still_available,
)
from voxel51.server.jobs.scheduling import columns_of
from voxel51.server.jobs.splits import check_can_split, record_split
from voxel51.server.jobs.tables import jobs
from voxel51.server.jobs.transitions import take_up
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticDocument, AnalyticInput, output_filename
from voxel51.wire.events import EventName
from voxel51.wire.jobs import JobFailureType, JobRequestDocument, JobState
from voxel51.wire.run_keys import Output
from voxel51.wire.scheduling import SchedulingOptions


@dataclass(frozen=True, slots=True)
class _File:
    """Knowledge about a file that a job is given: see `Hashes` and `Names`. An output may not be ``there`` yet."""

    content: str | Output | None
    name: object
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class _PreparedJob:
    """A checked job.

    Attributes:
        row: its columns, but for those that depend on its sources.
        keys: of its result if it runs.
        copied: the copy that completes it, if that can still be used.
    """

    row: dict[str, object]
    analytic_id: str
    document: AnalyticDocument
    request: JobRequestDocument
    source_ids: frozenset[str]
    scheduling: SchedulingOptions
    keys: ResultKeys | None
    copied: CopiedResult | None

    @property
    def output(self) -> _File:
        """The knowledge about its output."""
        keys = self.keys
        if keys is not None and self.copied is not None:
            keys = self.copied.keys(keys.run_key)
        return _output(keys, None, is_there=self.copied is not None)


@dataclass(frozen=True, slots=True)
class _Decided:
    """Records of a transaction: the rows of its jobs, and by job id their keys and their attempts with copies."""

    rows: list[dict[str, object]]
    keys: dict[str, ResultKeys]
    copies: dict[str, tuple[str, CopiedResult]]


class PreparedJobs:
    """Jobs of one owner that are checked, to be recorded together. One may take the output of an earlier one.

    ``copies`` keeps the files of copied results, until it is closed after the transaction. ``wake`` is called after the
    commit if a job was queued.
    """

    def __init__(
        self, owner: User, checks: JobChecks, reused: ReusedResults, wake: Callable[[], None], copies: ExitStack
    ) -> None:
        self._owner = owner
        self._checks = checks
        self._reused = reused
        self._wake = wake
        self._copies = copies
        self._jobs: dict[str, _PreparedJob] = {}
        self._data: dict[str, DatabaseRow] = {}
        self._shares_results: bool | None = None  # unknown

    def add(
        self,
        request: JobRequestDocument,
        name: str | None,
        *,
        auto_start: bool = True,
        ttl: str | None = None,
        scheduling: SchedulingOptions | None = None,
        reuse: bool = False,
        analytic: AnalyticRow | None = None,
    ) -> str:
        """Check a job, and return the id that it will have. It is to be queued if ``auto_start``.

        With ``reuse``, a job that would start now is to be complete at once if an equal result can be copied.
        ``analytic`` is what `JobChecks.resolve` has returned for the request, if the caller has it.

        Raises:
            BadRequest: the request does not fit the analytic or the data; the text names the part.
        """
        if not name or len(name) > LONGEST_NAME:
            raise BadRequest(f"job_name must have 1 to {LONGEST_NAME} characters")
        if analytic is None:
            analytic = self._checks.resolve(self._owner, request["analytic"], request.get("version"))
        files: dict[str, _File] = {}

        def check_data(data_id: str) -> None:
            row = self._find_data(data_id)
            files[data_id] = _File(row.sha256, row.name)

        def check_job(job_id: str, given: AnalyticInput) -> None:
            files[job_id] = self._source(job_id, given)

        request = check_request(request, analytic.document, check_data, check_job)
        check_can_split(request, analytic.document)
        given = files_of(request)["inputs"].values()
        source_ids = frozenset(file.job_id for file in given if file.job_id is not None)
        keys = self._keys(analytic, request, files)
        scheduling = scheduling or {}
        starts_now = auto_start and "not_before" not in scheduling and all(files[each].is_there for each in source_ids)
        reusable = keys if reuse and starts_now and _has_one_output(analytic.document) else None
        copied = self._copies.enter_context(self._reused.copy_of(self._owner.id, reusable))
        now, job_id = dates.now(), str(uuid4())
        row: dict[str, object] = {
            "id": job_id,
            "owner_id": self._owner.id,
            "name": name,
            "state": (JobState.QUEUED if auto_start else JobState.READY).value,
            "archived": False,
            "expiration_date": first_expiration(ttl, self._checks.lifetime),
            "expired": False,
            "analytic_id": analytic.id,
            "compute_mode": str(request.get("compute_mode", "BEST")),
            "auto_start": auto_start,
            "queued_at": now if auto_start else None,
            "failure_type": JobFailureType.NONE.value,
            "request": request,
            "output_filename": output_filename(analytic.document),
            "attempts_lost": 0,
        }
        of_analytic = (analytic.id, analytic.document)
        self._jobs[job_id] = _PreparedJob(row, *of_analytic, request, source_ids, scheduling, keys, copied)
        return job_id

    def record(self, connection: Connection) -> None:
        """Record all jobs, in a transaction of the caller.

        Raises:
            BadRequest: a job whose output one of them takes has failed, has expired or was deleted meanwhile.
        """
        owner_id, new = self._owner.id, self._decide(connection)
        connection.execute(insert(jobs).values(application_id=application_of(owner_id)), new.rows)
        record_dependencies(connection, {job_id: job.source_ids for job_id, job in self._jobs.items()})
        record_inputs(
            connection, owner_id, {job_id: (job.analytic_id, job.request) for job_id, job in self._jobs.items()}
        )
        record_keys(connection, owner_id, new.keys)
        queued = [(job_id, owner_id) for job_id, job in self._jobs.items() if job.row["auto_start"]]
        outbox.record(connection, EventName.QUEUED, queued, {"state": JobState.QUEUED.value})
        complete_by_copy(connection, new.copies)
        for job_id, job in self._jobs.items():
            if "split" in job.request and job_id not in new.copies:
                record_split(connection, job_id, job.request["split"])
                take_up(connection, [job_id])
        if queued:
            self._checks.database.after_commit(self._wake)

    def _decide(self, connection: Connection) -> _Decided:
        """Lock the sources of the jobs, decide which jobs wait and which have copies, and return their rows."""
        given = {source_id for job in self._jobs.values() for source_id in job.source_ids}
        sources = lock_sources(connection, given - self._jobs.keys())
        available = still_available(connection, [job.copied for job in self._jobs.values() if job.copied is not None])
        new, now = _Decided([], {}, {}), dates.now()
        uncertain: set[str] = set()  # jobs whose output may contain other names than the copy that was to be theirs
        for job_id, job in self._jobs.items():
            own = [sources[source_id] for source_id in job.source_ids]
            waits = not all(source.is_complete for source in own)
            is_copied = job.copied is not None and not waits and job.copied.source.id in available
            of_copy, keys = NOT_COPIED, job.keys
            if job.copied is not None and is_copied:
                of_copy = job.copied.columns()
                new.copies[job_id] = (str(of_copy["attempt_id"]), job.copied)
                keys = keys and job.copied.keys(keys.run_key)
            if job.source_ids & uncertain:
                keys = keys and ResultKeys(keys.run_key)
            if keys is not None:
                new.keys[job_id] = keys
            if job.source_ids & uncertain or (job.copied is not None and not is_copied):
                uncertain.add(job_id)
            uploaded = upload_date_after(own, now)
            sources[job_id] = Source(is_copied, uploaded)
            new.rows.append({**job.row, "upload_date": uploaded, **columns_of(job.scheduling, waits=waits), **of_copy})
        return new

    def _find_data(self, data_id: str) -> DatabaseRow:
        """Return data that a job can use, which is checked once; raise as `JobChecks.find_data` does."""
        if data_id not in self._data:
            self._data[data_id] = self._checks.find_data(self._owner, data_id)
        return self._data[data_id]

    def _source(self, job_id: str, given: AnalyticInput) -> _File:
        """Return the output of a job that may be among these; raise as `JobChecks.find_source` does."""
        prepared = self._jobs.get(job_id)
        if prepared is None:
            source = self._checks.find_source(self._owner, job_id, given)
            is_complete = source.state == JobState.COMPLETE
            keys = None if source.run_key is None else ResultKeys(source.run_key, shared_key=source.shared_key)
            return _output(keys, source.output_sha256 if is_complete else None, is_there=is_complete)
        if problem := mismatch(prepared.document, given, f"job '{job_id}' ({prepared.row['name']})"):
            raise BadRequest(problem)
        return prepared.output

    def _keys(self, analytic: AnalyticRow, request: JobRequestDocument, files: dict[str, _File]) -> ResultKeys | None:
        """Return the keys by which other jobs find the result; None if it cannot be reused."""
        if not is_deterministic(analytic):
            return None
        hashes: Hashes = {each: file.content for each, file in files.items()}
        names: Names = {each: file.name for each, file in files.items() if file.name is not None}
        key = key_of(identity_of(self._checks.analytics, analytic), analytic, request, hashes)
        if key is None:
            return None
        application_id = self._owner.application_id
        if application_id is None or not is_shareable(analytic, self._owner):
            return ResultKeys(key)
        if self._shares_results is None:
            with self._checks.database.read() as connection:
                self._shares_results = shares_results(connection, application_id)
        of_users = shared_key(key, request, names) if self._shares_results else None
        return ResultKeys(key) if of_users is None else ResultKeys(key, application_id, of_users)


def _output(keys: ResultKeys | None, sha256: str | None, *, is_there: bool) -> _File:
    """Return what is known of an output, whose job has these keys."""
    content = sha256 if keys is None else Output(keys.run_key)
    name = None if keys is None or keys.shared_key is None else named_output(keys.shared_key)
    return _File(content, name, is_there)


def _has_one_output(document: AnalyticDocument) -> bool:
    """Return whether the output file is all that a job of the analytic leaves: none of its outputs becomes data."""
    return bool(output_filename(document)) and not any(output["post_as_data"] for output in document["outputs"])
