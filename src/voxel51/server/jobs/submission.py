"""Submission of jobs: check the request against the analytic and the data, and record the job."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Connection, insert

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import application_of
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.data.lifetime import first_expiration
from voxel51.server.data.service import DataService
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, Lost, NotFound, Unavailable
from voxel51.server.events import outbox
from voxel51.server.jobs.dependencies import check_source, lock_sources, record_dependencies
from voxel51.server.jobs.inputs import record_inputs
from voxel51.server.jobs.label_jobs import mismatch
from voxel51.server.jobs.outputs import job_not_found, jobs_with_files
from voxel51.server.jobs.requests import check_request, files_of
from voxel51.server.jobs.result_cache import (
    Hashes,
    ResultKeys,
    identity_of,
    is_deterministic,
    is_shareable,
    key_of,
    record_keys,
    shared_key,
    shares_results,
)
from voxel51.server.jobs.reused_results import ReusedResults
from voxel51.server.jobs.scheduling import columns_of
from voxel51.server.jobs.splits import check_can_split, record_split
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.server.jobs.transitions import take_up
from voxel51.server.secrets.service import SecretService
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticInput, output_filename
from voxel51.wire.events import EventName
from voxel51.wire.jobs import JobFailureType, JobRequestDocument, JobState
from voxel51.wire.scheduling import SchedulingOptions

LONGEST_NAME = 255

Within = Callable[[Connection, str], None]
"""Is called with the id of a new job or batch in the transaction that records it; if it raises, none is recorded."""


class JobSubmission:
    """Checks and records jobs.

    ``wake`` is called after a job was queued. ``refusal`` says why no job runs on this platform; None: they run.
    """

    def __init__(
        self,
        database: Database,
        analytics: AnalyticService,
        data: DataService,
        lifetime: timedelta,
        secrets: SecretService,
        wake: Callable[[], None],
        reused: ReusedResults,
        refusal: str | None = None,
    ) -> None:
        self._refusal = refusal
        self._reused = reused
        self._database = database
        self._analytics = analytics
        self._data = data
        self._lifetime = lifetime
        self._secrets = secrets
        self._wake = wake

    def check_runs(self) -> None:
        """Raise `Unavailable` if no job runs on this platform."""
        if self._refusal is not None:
            raise Unavailable(f"Jobs cannot run on this platform: {self._refusal}. Ask its operator.")

    def resolve(self, owner: User, name: str, version: str | None) -> AnalyticRow:
        """Return the version of an analytic that a request names, if the owner may run it.

        Raises:
            BadRequest: no such version can run, or it needs a secret that the owner has not granted.
        """
        analytic = self._analytics.resolve(owner, name, version)
        self._secrets.check_granted(owner, analytic)
        return analytic

    def submit(
        self,
        owner: User,
        request: JobRequestDocument,
        name: str | None,
        auto_start: bool,
        ttl: str | None = None,
        within: Within | None = None,
        scheduling: SchedulingOptions | None = None,
        *,
        reuse: bool = False,
    ) -> str:
        """Record a job and return its id; queue it if ``auto_start``.

        With ``reuse``, a job that would start now is complete at once if an equal result can be copied.

        Raises:
            BadRequest: the request does not fit the analytic or the data; the text names the part.
            Unavailable: no job runs on this platform; the text says why.
        """
        self.check_runs()
        if not name or len(name) > LONGEST_NAME:
            raise BadRequest(f"job_name must have 1 to {LONGEST_NAME} characters")
        analytic = self._analytics.resolve(owner, request["analytic"], request.get("version"))
        hashes: dict[str, str | None] = {}
        names: dict[str, str] = {}

        def check_data(data_id: str) -> None:
            row = self._find_data(owner, data_id)
            hashes[data_id], names[data_id] = row.sha256, row.name

        request = check_request(
            request,
            analytic.document,
            check_data,
            lambda job_id, given: hashes.update({job_id: self._check_job(owner, job_id, given)}),
        )
        source_ids = {file.job_id for file in files_of(request)["inputs"].values() if file.job_id is not None}
        check_can_split(request, analytic.document)
        self._secrets.check_granted(owner, analytic)
        keys = self._keys(owner, analytic, request, hashes, names)
        starts_now = auto_start and not source_ids and "not_before" not in (scheduling or {})
        now = dates.now()
        row = {
            "id": str(uuid4()),
            "owner_id": owner.id,
            "application_id": application_of(owner.id),
            "name": name,
            "state": (JobState.QUEUED if auto_start else JobState.READY).value,
            "archived": False,
            "upload_date": now,
            "expiration_date": first_expiration(ttl, self._lifetime),
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
        job_id = str(row["id"])
        reusable = keys if reuse and starts_now and _has_one_output(analytic) else None
        with self._reused.copy_of(owner.id, reusable) as copied, self._database.write() as connection:
            sources = lock_sources(connection, source_ids)
            row["upload_date"] = max(now, sources.not_before)
            connection.execute(insert(jobs).values({**row, **columns_of(scheduling or {}, waits=sources.waits)}))
            record_dependencies(connection, job_id, source_ids)
            record_inputs(connection, job_id, owner.id, analytic.id, request)
            if keys is not None:
                record_keys(connection, owner.id, job_id, keys)
            if auto_start:
                outbox.record(connection, EventName.QUEUED, [(job_id, owner.id)], {"state": row["state"]})
            is_complete = copied is not None and copied.complete(connection, job_id)
            if "split" in request and not is_complete:
                record_split(connection, job_id, request["split"])
                take_up(connection, [job_id])
            if within is not None:
                within(connection, job_id)
        if auto_start:
            self._database.after_commit(self._wake)
        return job_id

    def check_data(self, owner: User, data_id: str) -> str | None:
        """Return the SHA-256 of data, if it is known, after checking that a job can use the data.

        Raises:
            BadRequest: the owner has no such data, it has expired, or its stored file is missing or damaged.
        """
        sha256: str | None = self._find_data(owner, data_id).sha256
        return sha256

    def _keys(
        self,
        owner: User,
        analytic: AnalyticRow,
        request: JobRequestDocument,
        hashes: Hashes,
        names: Mapping[str, str],
    ) -> ResultKeys | None:
        """Return the keys by which other jobs find the result; None if it cannot be reused."""
        if not is_deterministic(analytic):
            return None
        key = key_of(identity_of(self._analytics, analytic), analytic, request, hashes)
        if key is None:
            return None
        if owner.application_id is None or not is_shareable(analytic, owner):
            return ResultKeys(key)
        with self._database.read() as connection:
            is_shared = shares_results(connection, owner.application_id)
        of_users = shared_key(key, request, names) if is_shared else None
        return ResultKeys(key) if of_users is None else ResultKeys(key, owner.application_id, of_users)

    def _find_data(self, owner: User, data_id: str) -> DatabaseRow:
        """Return data that a job can use; raise as `check_data` does."""
        try:
            row = self._data.find(owner.id, data_id)
            self._data.check_intact(row)
        except (Lost, NotFound) as error:
            raise BadRequest(str(error)) from None
        if row.expiration_date <= dates.now():
            raise BadRequest(f"Data '{data_id}' has expired. Upload it again.")
        return row

    def _check_job(self, owner: User, job_id: str, given: AnalyticInput) -> str | None:
        """Return the SHA-256 of the output of a job, if it is known, after checking that it can be an input.

        Raises:
            BadRequest: the owner has no such job, it will have no output, or one of another type.
        """
        with self._database.read() as connection:
            of_owner = jobs_with_files().where(jobs.c.id == job_id, jobs.c.owner_id == owner.id, user_submitted)
            source = connection.execute(of_owner).first()
        if source is None:
            raise BadRequest(f"Input '{given['name']}': {job_not_found(job_id)}")
        check_source(source)
        document = self._analytics.by_id(source.analytic_id).document
        if problem := mismatch(document, given, f"job '{job_id}' ({source.analytic_name})"):
            raise BadRequest(problem)
        sha256: str | None = source.output_sha256 if source.state == JobState.COMPLETE else None
        return sha256


def _has_one_output(analytic: AnalyticRow) -> bool:
    """Return whether the output file is all that a job of the analytic leaves: none of its outputs becomes data."""
    return bool(output_filename(analytic.document)) and not any(
        output["post_as_data"] for output in analytic.document["outputs"]
    )
