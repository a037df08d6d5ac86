"""Submission of jobs: check requests against analytics and data, and record the jobs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from sqlalchemy import Connection

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.data.service import DataService
from voxel51.server.database.database import Database
from voxel51.server.errors import Unavailable
from voxel51.server.jobs.job_checks import JobChecks
from voxel51.server.jobs.prepared_jobs import PreparedJobs
from voxel51.server.jobs.reused_results import ReusedResults
from voxel51.server.secrets.service import SecretService
from voxel51.wire.jobs import JobRequestDocument
from voxel51.wire.scheduling import SchedulingOptions

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
        self._checks = JobChecks(database, analytics, data, secrets, lifetime)
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
        return self._checks.resolve(owner, name, version)

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
        with self.prepare(owner) as prepared:
            job_id = prepared.add(request, name, auto_start=auto_start, ttl=ttl, scheduling=scheduling, reuse=reuse)
            with self._database.write() as connection:
                prepared.record(connection)
                if within is not None:
                    within(connection, job_id)
        return job_id

    @contextmanager
    def prepare(self, owner: User) -> Iterator[PreparedJobs]:
        """Yield a collection for the jobs that one transaction is to record. Files that none of them uses are deleted.

        Raises:
            Unavailable: no job runs on this platform; the text says why.
        """
        self.check_runs()
        with ExitStack() as copies:
            yield PreparedJobs(owner, self._checks, self._reused, self._wake, copies)

    def check_data(self, owner: User, data_id: str) -> str | None:
        """Return the SHA-256 of data, if it is known, after checking that a job can use the data.

        Raises:
            BadRequest: the owner has no such data, it has expired, or its stored file is missing or damaged.
        """
        sha256: str | None = self._checks.find_data(owner, data_id).sha256
        return sha256
