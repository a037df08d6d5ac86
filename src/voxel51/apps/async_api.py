# Generated from src/voxel51/apps/api.py by .ci/generate_async.py: do not edit.
# Change the source, then run: make generate
"""Async API client for applications: the calls of users, made for the application's users, and calls of its own."""

from voxel51.apps import calls
from voxel51.apps.auth import ApplicationToken
from voxel51.apps.calls import ApplicationAPIError
from voxel51.apps.client import ApplicationMixin
from voxel51.users.async_api import APIError, AsyncAPI
from voxel51.users.query import DataQuery, JobsQuery
from voxel51.wire.data import DataList
from voxel51.wire.jobs import JobList

__all__ = ["APIError", "ApplicationAPIError", "AsyncApplicationAPI"]


class AsyncApplicationAPI(ApplicationMixin, AsyncAPI):
    """Async API client for one application.

    Data and jobs belong to the active user, see `with_user`. Analytics and the platform's status belong to the
    application: these calls, and those defined in this class, raise `ApplicationAPIError` when the platform rejects the
    request.

    Args:
        token: the credentials; None loads the active application token.
        keep_alive: whether to keep connections open between calls, which is several times as fast.

    Raises:
        voxel51.apps.auth.ApplicationTokenError: no token was found, or the token is invalid.
    """

    def __init__(self, token: ApplicationToken | None = None, keep_alive: bool = True) -> None:
        super().__init__(token, keep_alive)

    async def query_application_data(self, data_query: DataQuery) -> DataList:
        """Return the data of all users of the application that match, under the key ``data``."""
        return await self._send(calls.query_data(data_query))

    async def query_application_jobs(self, jobs_query: JobsQuery) -> JobList:
        """Return the jobs of all users of the application that match, under the key ``jobs``."""
        return await self._send(calls.query_jobs(jobs_query))

    async def create_user(self, username: str) -> None:
        """Create a user of the application. The name is 1 to 64 letters, digits, ``.``, ``_``, ``-``."""
        await self._send(calls.create_user(username))

    async def list_users(self) -> list[str]:
        """List the names of the application's users."""
        return await self._send(calls.list_users())

    async def shares_results(self) -> bool:
        """Return whether the users of the application get copies of each other's results."""
        return await self._send(calls.result_sharing())

    async def share_results(self, enabled: bool = True) -> None:
        """Let the users of the application get copies of each other's results instead of computing the same again.

        This holds for jobs that are submitted from now on, of deterministic analytics, on files with the same bytes and
        the same name, with the same parameters. Users see neither whose result it was nor anything else of that user.
        Without ``enabled``, no more results are shared; copies stay.
        """
        await self._send(calls.share_results(enabled))
