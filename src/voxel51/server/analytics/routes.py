"""Analytics routes: list, upload and delete analytics, for users and for applications."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from voxel51.server.accounts.access import BY_APPLICATION, BY_USER, CALLER
from voxel51.server.accounts.callers import Caller
from voxel51.server.analytics.images.inspector import ImageInspector
from voxel51.server.analytics.service import LISTING, AnalyticService
from voxel51.server.analytics.uploads import FOLDER, UploadedAnalytics
from voxel51.server.database.search import Query
from voxel51.server.http.batch import Action, BatchBody, batch_route
from voxel51.server.http.bodies import Form, MultipartBody, QueryBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.outcomes import Outcomes
from voxel51.server.parameters import FormField, QueryParameter
from voxel51.wire.analytics import (
    AnalyticDetails,
    AnalyticDocument,
    AnalyticFacts,
    AnalyticList,
    AnalyticRecord,
    AnalyticResponse,
    AnalyticType,
)

CallerT = TypeVar("CallerT", bound=Caller)

_MANIFEST = MultipartBody(
    fields={"analytic_type": FormField("how the analytic is run", schema={"enum": [*AnalyticType, ""]})}, folder=None
)
_IMAGE = MultipartBody(fields={}, folder=FOLDER, inspector=ImageInspector)
_PROCESSOR = QueryParameter("CPU or GPU", {"type": "string", "enum": ["CPU", "GPU", "cpu", "gpu"]})


FactsOf = Callable[[Caller, Sequence[str]], Outcomes[AnalyticFacts]]
"""Returns the facts of each analytic with these ids, or `NotFound` for those that the caller cannot see."""


def analytic_routes(
    analytics: AnalyticService,
    uploaded: UploadedAnalytics,
    is_used: Callable[[Connection, str], bool],
    facts_of: FactsOf,
) -> Iterable[Route]:
    """Return the routes of analytics: for users, the same for applications, and batches for both.

    ``is_used`` says whether an analytic has jobs that have not ended; ``facts_of`` knows what its past jobs measured.
    """
    handlers = _Handlers(analytics, uploaded, is_used)
    facts: Action[Caller] = lambda caller, ids, _: facts_of(caller, ids)  # noqa: E731
    batch = batch_route("analytics", {"details": handlers.details_of_many, "facts": facts}, CALLER)
    return [*_routes(handlers, BY_USER, ""), *_routes(handlers, BY_APPLICATION, "/apps"), batch]


def _routes(handlers: "_Handlers", policy: Policy[CallerT], prefix: str) -> Iterable[Route]:
    base, query = f"{prefix}/analytics", QueryBody(LISTING)
    one = f"{base}/{{analytic_id}}"
    checked = Policy(policy.access, before_body=handlers.check_image)
    return [
        route("GET", f"{base}/list", handlers.list, "List the analytics that you can run", policy, query,
              answers=AnalyticList),
        route("GET", base, handlers.query, "List the analytics that match a query", policy, query,
              answers=AnalyticList),
        route("GET", one, handlers.details, "Get the record and document of one version", policy,
              answers=AnalyticDetails, errors=(404,)),
        route("GET", f"{one}/doc", handlers.document, "Get the document of one version", policy,
              answers=AnalyticDocument, errors=(404,)),
        route("POST", base, handlers.upload, "Upload an analytic's manifest", policy, _MANIFEST,
              answers=AnalyticResponse, status=201),
        route("POST", f"{one}/images", handlers.upload_image, "Upload an image that the manifest declares", checked,
              _IMAGE, status=201, errors=(403, 404), parameters={"type": _PROCESSOR}),
        route("PUT", f"{one}/latest", handlers.prefer, "Make a version of your analytic the latest", policy,
              answers=AnalyticResponse, errors=(403, 404, 409)),
        route("DELETE", one, handlers.delete, "Remove a version of your analytic from the catalogue", policy,
              status=204, errors=(403, 404, 409)),
    ]  # fmt: skip


class _Handlers:
    def __init__(
        self, analytics: AnalyticService, uploaded: UploadedAnalytics, is_used: Callable[[Connection, str], bool]
    ) -> None:
        self._analytics = analytics
        self._uploaded = uploaded
        self._is_used = is_used

    def list(self, context: RequestContext[Caller], query: Query) -> AnalyticList:
        return self._analytics.list(context.caller, query.all_versions)

    def query(self, context: RequestContext[Caller], query: Query) -> AnalyticList:
        return self._analytics.query(context.caller, query)

    def details(self, context: RequestContext[Caller]) -> AnalyticDetails:
        return self._analytics.details(context.caller, context.path_params["analytic_id"])

    def details_of_many(self, caller: Caller, ids: Sequence[str], _body: BatchBody) -> Outcomes[AnalyticRecord]:
        return self._analytics.records(caller, ids)

    def document(self, context: RequestContext[Caller]) -> AnalyticDocument:
        return self._analytics.document(context.caller, context.path_params["analytic_id"])

    def upload(self, context: RequestContext[Caller], form: Form) -> AnalyticResponse:
        manifest = form.file("manifest").content
        return {"analytic": self._uploaded.add(context.caller, manifest, form.fields.get("analytic_type"))}

    def check_image(self, context: RequestContext[Caller]) -> None:
        processor = context.query_params.get("type")
        self._uploaded.check_image(context.caller, context.path_params["analytic_id"], processor)

    def upload_image(self, context: RequestContext[Caller], form: Form) -> None:
        image = form.file("image")
        assert isinstance(image.inspector, ImageInspector)  # noqa: S101  (`_IMAGE` makes one for each file)
        analytic_id, processor = context.path_params["analytic_id"], context.query_params.get("type")
        self._uploaded.add_image(context.caller, analytic_id, processor, image.stored, image.inspector)

    def prefer(self, context: RequestContext[Caller]) -> AnalyticResponse:
        return {"analytic": self._uploaded.prefer(context.caller, context.path_params["analytic_id"])}

    def delete(self, context: RequestContext[Caller]) -> None:
        self._uploaded.delete(context.caller, context.path_params["analytic_id"], self._is_used)
