"""The client of an application for asyncio: the very calls of `voxel51.apps.api.ApplicationAPI`, to be awaited."""

from voxel51.apps import calls
from voxel51.apps.auth import ApplicationToken
from voxel51.apps.client import ApplicationCaller
from voxel51.users.async_api import AsyncAPI
from voxel51.users.query import DataQuery, JobsQuery
from voxel51.wire.data import DataList
from voxel51.wire.jobs import JobList

__all__ = ["AsyncApplicationAPI"]


class AsyncApplicationAPI(ApplicationCaller, AsyncAPI):
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

    async def query_application_data(self, data_query: DataQuery) -> DataList:
        """The data of all users of the application that match, under the key ``data``."""
        return await self._send(calls.query_data(data_query))

    async def query_application_jobs(self, jobs_query: JobsQuery) -> JobList:
        """The jobs of all users of the application that match, under the key ``jobs``."""
        return await self._send(calls.query_jobs(jobs_query))

    async def create_user(self, username: str) -> None:
        """Give the application a further user: 1 to 64 letters, digits, ``.``, ``_``, ``-``."""
        await self._send(calls.create_user(username))

    async def list_users(self) -> list[str]:
        """The names of the application's users."""
        return await self._send(calls.list_users())
