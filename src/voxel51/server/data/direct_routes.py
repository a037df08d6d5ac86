"""Direct upload routes: the parts of an upload that go straight to the store."""

from collections.abc import Iterable

from voxel51.server.accounts.access import USER
from voxel51.server.accounts.callers import User
from voxel51.server.data.direct_uploads import DirectUploadService
from voxel51.server.data.service import DataService
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.parameters import QueryParameter, read_number
from voxel51.wire.accounts import Scope
from voxel51.wire.data import DataDetails
from voxel51.wire.direct import MOST_LINKS, UploadParts

_DEFAULT_LINKS = 16
_PARAMETERS = {
    "links": QueryParameter(
        f"number of links to return; {_DEFAULT_LINKS} without it",
        schema={"type": "integer", "minimum": 0, "maximum": MOST_LINKS},
    )
}


def direct_upload_routes(direct: DirectUploadService, data: DataService) -> Iterable[Route]:
    """Return the routes of uploads straight to the store."""
    handlers = _Handlers(direct, data)
    one = "/data/uploads/{upload_id}"
    waiting, of_uploads = Policy(USER, Scope.UPLOAD, calls_other_hosts=True), Policy(USER, Scope.UPLOAD)
    return [
        route("GET", f"{one}/parts", handlers.parts, "Get links for the missing parts of an upload to the store",
              waiting, answers=UploadParts, parameters=_PARAMETERS, errors=(404, 409)),
        route("POST", f"{one}/complete", handlers.complete, "Complete an upload to the store",
              of_uploads, prepare=handlers.join, answers=DataDetails, status=201, errors=(400, 404, 409)),
    ]  # fmt: skip


class _Handlers:
    def __init__(self, direct: DirectUploadService, data: DataService) -> None:
        self._direct = direct
        self._data = data

    def parts(self, context: RequestContext[User]) -> UploadParts:
        links = int(read_number(_PARAMETERS, "links", context.query_params, _DEFAULT_LINKS))
        return self._direct.parts(context.caller.id, context.path_params["upload_id"], links)

    def join(self, context: RequestContext[User]) -> None:
        self._direct.join(context.caller.id, context.path_params["upload_id"])

    def complete(self, context: RequestContext[User]) -> DataDetails:
        state = self._direct.complete(context.caller.id, context.path_params["upload_id"])
        return {"data": self._data.details(context.caller, str(state.data_id))}
