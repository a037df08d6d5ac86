"""The client of an application: what a user's client does, for each of the application's users, and what is its own."""

from voxel51.apps import calls
from voxel51.apps.auth import ApplicationToken
from voxel51.apps.calls import ApplicationAPIError
from voxel51.apps.client import ApplicationCaller
from voxel51.users.api import API
from voxel51.users.query import DataQuery, JobsQuery
from voxel51.wire.data import DataList
from voxel51.wire.jobs import JobList

__all__ = ["ApplicationAPI", "ApplicationAPIError"]


class ApplicationAPI(ApplicationCaller, API):
    """The platform as an application sees it.

    Data and jobs are those of the active user, see `with_user`. Analytics and the platform's status are the
    application's own: calls about them, and those below, raise `ApplicationAPIError` when the platform refuses.

    Args:
        token: what gives access; the active application token when None.
        keep_alive: whether connections are kept between calls, which is several times as fast.

    Raises:
        voxel51.apps.auth.ApplicationTokenError: there is no token, or it is no good.
    """

    def __init__(self, token: ApplicationToken | None = None, keep_alive: bool = True) -> None:
        super().__init__(token, keep_alive)

    def query_application_data(self, data_query: DataQuery) -> DataList:
        """The data of all users of the application that match, under the key ``data``."""
        return self._send(calls.query_data(data_query))

    def query_application_jobs(self, jobs_query: JobsQuery) -> JobList:
        """The jobs of all users of the application that match, under the key ``jobs``."""
        return self._send(calls.query_jobs(jobs_query))

    def create_user(self, username: str) -> None:
        """Give the application a further user: 1 to 64 letters, digits, ``.``, ``_``, ``-``."""
        self._send(calls.create_user(username))

    def list_users(self) -> list[str]:
        """The names of the application's users."""
        return self._send(calls.list_users())
