"""Submission of jobs: check the request against the analytic and the data, and record the job."""

from collections.abc import Callable
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
from voxel51.server.errors import BadRequest, Lost, NotFound, Unavailable
from voxel51.server.events import outbox
from voxel51.server.jobs.inputs import record_inputs
from voxel51.server.jobs.requests import check_request
from voxel51.server.jobs.result_cache import identity_of, is_deterministic, key_of, record_key
from voxel51.server.jobs.tables import jobs
from voxel51.server.secrets.service import SecretService
from voxel51.wire import dates
from voxel51.wire.analytics import output_filename
from voxel51.wire.events import EventName
from voxel51.wire.jobs import JobFailureType, JobRequestDocument, JobState

LONGEST_NAME = 255

Within = Callable[[Connection, str], None]
"""Is called with the id of a new job in the transaction that records it; may raise, and then no job is recorded."""


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
        refusal: str | None = None,
    ) -> None:
        self._refusal = refusal
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
    ) -> str:
        """Record a job and return its id; queue it if ``auto_start``.

        Raises:
            BadRequest: the request does not fit the analytic or the data; the text names the part.
            Unavailable: no job runs on this platform; the text says why.
        """
        self.check_runs()
        if not name or len(name) > LONGEST_NAME:
            raise BadRequest(f"job_name must have 1 to {LONGEST_NAME} characters")
        analytic = self._analytics.resolve(owner, request["analytic"], request.get("version"))
        hashes: dict[str, str | None] = {}
        request = check_request(
            request, analytic.document, lambda data_id: hashes.update({data_id: self.check_data(owner, data_id)})
        )
        self._secrets.check_granted(owner, analytic)
        key = None
        if is_deterministic(analytic):
            key = key_of(identity_of(self._analytics, analytic), analytic, request, hashes)
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
        with self._database.write() as connection:
            connection.execute(insert(jobs).values(row))
            record_inputs(connection, job_id, owner.id, analytic.id, request)
            if key is not None:
                record_key(connection, owner.id, job_id, key)
            if auto_start:
                outbox.record(connection, EventName.QUEUED, [(job_id, owner.id)], {"state": row["state"]})
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
        try:
            row = self._data.find(owner.id, data_id)
            self._data.check_intact(row)
        except (Lost, NotFound) as error:
            raise BadRequest(str(error)) from None
        if row.expiration_date <= dates.now():
            raise BadRequest(f"Data '{data_id}' has expired. Upload it again.")
        sha256: str | None = row.sha256
        return sha256
