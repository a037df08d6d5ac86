"""Source routes: list, register and delete the folders and buckets whose files are a user's data."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.collections.user_sources import UserSourceService
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.wire.accounts import Scope
from voxel51.wire.data import DataSourceDetails, DataSources, NewDataSource

_EDIT = Policy(USER, scope=Scope.UPLOAD)
_ADD = Policy(USER, scope=Scope.UPLOAD, further_scopes=(Scope.READ,))
"""A source with a shared collection passes its files on to others, so this requires the scope to read them."""


def user_source_routes(sources: UserSourceService) -> Iterable[Route]:
    """Return the routes of sources."""
    handlers = _Handlers(sources)
    return [
        route("GET", "/data/sources", handlers.all,
              "List the folders and buckets whose files are your data, and where you may register more", BY_USER,
              answers=DataSources),
        route("POST", "/data/sources", handlers.add, "Register a folder or prefix of a bucket, whose files become data",
              _ADD, JsonBody(NewDataSource), answers=DataSourceDetails, status=201, errors=(404, 409)),
        route("DELETE", "/data/sources/{source_id}", handlers.delete,
              "Forget a source, and delete the records of its files. The files stay", _EDIT, status=204,
              errors=(404,)),
    ]  # fmt: skip


class _Handlers:
    def __init__(self, sources: UserSourceService) -> None:
        self._sources = sources

    def all(self, context: RequestContext[User]) -> DataSources:
        return self._sources.all(context.caller)

    def add(self, context: RequestContext[User], body: NewDataSource) -> DataSourceDetails:
        return {"source": self._sources.add(context.caller, body)}

    def delete(self, context: RequestContext[User]) -> None:
        self._sources.delete(context.caller, context.path_params["source_id"])
