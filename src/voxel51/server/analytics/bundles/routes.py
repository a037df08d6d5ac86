"""Bundle routes: deploy a bundle, and follow its build; for users and for applications."""

from collections.abc import Iterable
from typing import TypeVar

from voxel51.server.accounts.access import BY_APPLICATION, BY_USER
from voxel51.server.accounts.callers import Caller
from voxel51.server.analytics.bundles.build_log import MAX_LOG_BYTES
from voxel51.server.analytics.bundles.inspector import BundleInspector
from voxel51.server.analytics.bundles.permission import DeployPermission
from voxel51.server.analytics.bundles.reception import FOLDER, BundleReception, ReceivedBundle
from voxel51.server.analytics.bundles.service import BundleService
from voxel51.server.http.bodies import Form, MultipartBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.parameters import QueryParameter, read_number
from voxel51.wire.analytics import AnalyticResponse
from voxel51.wire.bundles import BuildLogPart, BuildResponse

CallerT = TypeVar("CallerT", bound=Caller)

_PARAMETERS = {
    "offset": QueryParameter(
        "bytes of the log to skip: the `next_offset` of the part before",
        {"type": "integer", "minimum": 0, "maximum": MAX_LOG_BYTES * 2},
    )
}


class _ReceivedInspector(BundleInspector):
    """Inspector of one upload, and the bundle that became of it."""

    received: ReceivedBundle | None = None


def bundle_routes(reception: BundleReception, bundles: BundleService, permission: DeployPermission) -> Iterable[Route]:
    """Return the routes of bundles."""
    handlers = _Handlers(reception, bundles, permission)
    return [*_routes(handlers, BY_USER, ""), *_routes(handlers, BY_APPLICATION, "/apps")]


def _routes(handlers: "_Handlers", policy: Policy[CallerT], prefix: str) -> Iterable[Route]:
    base = f"{prefix}/analytics"
    one = f"{base}/{{analytic_id}}/build"
    permitted = Policy(policy.access, before_body=handlers.check_permission)
    body = MultipartBody(fields={}, folder=FOLDER, inspector=handlers.new_inspector, part="bundle")
    return [
        route("POST", f"{base}/bundles", handlers.deploy, "Deploy an analytic from a Python file or project folder",
              permitted, body, prepare=handlers.receive, answers=AnalyticResponse, status=202, errors=(403, 409)),
        route("GET", one, handlers.build, "Get the build of your bundle", policy, answers=BuildResponse,
              errors=(403, 404)),
        route("GET", f"{one}/log", handlers.log, "Read the log of your bundle's build, also while it runs", policy,
              answers=BuildLogPart, errors=(403, 404), parameters=_PARAMETERS),
    ]  # fmt: skip


class _Handlers:
    def __init__(self, reception: BundleReception, bundles: BundleService, permission: DeployPermission) -> None:
        self._reception = reception
        self._bundles = bundles
        self._permission = permission

    def new_inspector(self) -> _ReceivedInspector:
        return _ReceivedInspector(self._reception.limits.size_bytes)

    def check_permission(self, context: RequestContext[Caller]) -> None:
        self._permission.check(context.caller)

    def receive(self, context: RequestContext[Caller], form: Form) -> None:
        upload = form.file("bundle")
        assert isinstance(upload.inspector, _ReceivedInspector)  # noqa: S101  (`new_inspector` makes it)
        received = self._reception.receive(context.caller, upload.filename, upload.stored, upload.inspector.format)
        upload.writer, upload.inspector.received = received.archive, received  # aborted with the request if it fails

    def deploy(self, context: RequestContext[Caller], form: Form) -> AnalyticResponse:
        inspector = form.file("bundle").inspector
        assert isinstance(inspector, _ReceivedInspector) and inspector.received  # noqa: S101  (see `receive`)
        return {"analytic": self._bundles.deploy(context.caller, inspector.received)}

    def build(self, context: RequestContext[Caller]) -> BuildResponse:
        return {"build": self._bundles.build(context.caller, context.path_params["analytic_id"])}

    def log(self, context: RequestContext[Caller]) -> BuildLogPart:
        offset = int(read_number(_PARAMETERS, "offset", context.query_params, 0))
        return self._bundles.log(context.caller, context.path_params["analytic_id"], offset)
