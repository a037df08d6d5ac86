"""Checks of new jobs: find the analytic, the data and the outputs of other jobs that a request names."""

from dataclasses import dataclass
from datetime import timedelta

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.data.service import DataService
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, Lost, NotFound
from voxel51.server.jobs.dependencies import check_source
from voxel51.server.jobs.label_jobs import mismatch
from voxel51.server.jobs.outputs import job_not_found, jobs_with_files
from voxel51.server.jobs.tables import job_run_keys, jobs, user_submitted
from voxel51.server.secrets.service import SecretService
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticInput


@dataclass(frozen=True, slots=True)
class JobChecks:
    """The services that requests are checked against. Outputs expire after ``lifetime`` unless a job says otherwise."""

    database: Database
    analytics: AnalyticService
    data: DataService
    secrets: SecretService
    lifetime: timedelta

    def resolve(self, owner: User, name: str, version: str | None) -> AnalyticRow:
        """Return the version of an analytic that a request names, if the owner may run it.

        Raises:
            BadRequest: no such version can run, or it needs a secret that the owner has not granted.
        """
        analytic = self.analytics.resolve(owner, name, version)
        self.secrets.check_granted(owner, analytic)
        return analytic

    def find_data(self, owner: User, data_id: str) -> DatabaseRow:
        """Return data that a job can use.

        Raises:
            BadRequest: the owner has no such data, it has expired, or its stored file is missing or damaged.
        """
        try:
            row = self.data.find(owner.id, data_id)
            self.data.check_intact(row)
        except (Lost, NotFound) as error:
            raise BadRequest(str(error)) from None
        if row.expiration_date <= dates.now():
            raise BadRequest(f"Data '{data_id}' has expired. Upload it again.")
        return row

    def find_source(self, owner: User, job_id: str, given: AnalyticInput) -> DatabaseRow:
        """Return a job with its run key and its file, after checking that its output can be the input ``given``.

        Raises:
            BadRequest: the owner has no such job, it will have no output, or one of another type.
        """
        keys = (job_run_keys.c.run_key, job_run_keys.c.shared_key)
        chosen = jobs_with_files().add_columns(*keys).outerjoin(job_run_keys, job_run_keys.c.job_id == jobs.c.id)
        with self.database.read() as connection:
            of_owner = chosen.where(jobs.c.id == job_id, jobs.c.owner_id == owner.id, user_submitted)
            source = connection.execute(of_owner).first()
        if source is None:
            raise BadRequest(f"Input '{given['name']}': {job_not_found(job_id)}")
        check_source(source)
        document = self.analytics.by_id(source.analytic_id).document
        if problem := mismatch(document, given, f"job '{job_id}' ({source.analytic_name})"):
            raise BadRequest(problem)
        return source
