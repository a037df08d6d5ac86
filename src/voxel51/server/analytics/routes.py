"""The routes of analytics."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from voxel51.server.accounts.callers import Caller
from voxel51.server.analytics.images.inspector import ImageInspector
from voxel51.server.analytics.service import LISTING, AnalyticService
from voxel51.server.analytics.uploads import FOLDER, UploadedAnalytics
from voxel51.server.errors import BadRequest
from voxel51.server.http.batch import batch_route
from voxel51.server.http.route import Call, MultipartBody, Needs, QueryBody, Route
from voxel51.server.outcomes import Outcomes
from voxel51.server.parameters import FormField, QueryParameter
from voxel51.wire.analytics import (
    AnalyticDetails,
    AnalyticDocument,
    AnalyticList,
    AnalyticRecord,
    AnalyticResponse,
    AnalyticType,
)


def analytic_routes(
    analytics: AnalyticService, uploaded: UploadedAnalytics, is_used: Callable[[Connection, str], bool]
) -> Iterable[Route]:
    """One table of all routes of analytics: for users, and the same for applications.

    ``is_used`` says whether jobs of an analytic have not ended.
    """
    handlers = _Handlers(analytics, uploaded, is_used)
    batch = batch_route("analytics", {"details": handlers.details_of_many}, Needs.CALLER)
    return [*_routes(handlers, Needs.USER, ""), *_routes(handlers, Needs.APPLICATION, "/apps"), batch]


def _routes(handlers: "_Handlers", needs: Needs, prefix: str) -> Iterable[Route]:
    def route(path: str, handler: Callable[[Call], Any], summary: str, answers: Any, **more: Any) -> Route:
        return Route("GET", f"{prefix}/analytics{path}", handler, summary, needs=needs, answers=answers, **more)

    of_one, query = "/{analytic_id}", QueryBody(LISTING)
    return [
        route("/list", handlers.list, "What you can run", AnalyticList, body=query),
        route("", handlers.query, "Analytics that match a query", AnalyticList, body=query),
        route(of_one, handlers.details, "One version's record and document", AnalyticDetails, errors=(404,)),
        route(f"{of_one}/doc", handlers.document, "One version's document", AnalyticDocument, errors=(404,)),
        Route(
            "POST",
            f"{prefix}/analytics",
            handlers.upload,
            "Upload an analytic's manifest",
            needs=needs,
            body=_MANIFEST,
            answers=AnalyticResponse,
            status=201,
        ),
        Route(
            "POST",
            f"{prefix}/analytics/{of_one[1:]}/images",
            handlers.upload_image,
            "Upload an image that the manifest declares",
            needs=needs,
            body=_IMAGE,
            status=201,
            errors=(403, 404),
            takes_arguments={
                "type": QueryParameter("CPU or GPU", {"type": "string", "enum": ["CPU", "GPU", "cpu", "gpu"]})
            },
            before=handlers.check_image,
        ),
        Route(
            "DELETE",
            f"{prefix}/analytics/{of_one[1:]}",
            handlers.delete,
            "Take a version of your analytic out of the catalogue",
            needs=needs,
            status=204,
            errors=(403, 404, 409),
        ),
    ]


_MANIFEST = MultipartBody(
    fields={"analytic_type": FormField("how it is run", schema={"enum": [*AnalyticType, ""]})}, folder=None
)
_IMAGE = MultipartBody(fields={}, folder=FOLDER, inspector=ImageInspector)


class _Handlers:
    def __init__(
        self, analytics: AnalyticService, uploaded: UploadedAnalytics, is_used: Callable[[Connection, str], bool]
    ) -> None:
        self._analytics = analytics
        self._uploaded = uploaded
        self._is_used = is_used

    def list(self, call: Call) -> AnalyticList:
        return self._analytics.list(call.caller, call.query.all_versions)

    def query(self, call: Call) -> AnalyticList:
        return self._analytics.query(call.caller, call.query)

    def details(self, call: Call) -> AnalyticDetails:
        return self._analytics.details(call.caller, call.path["analytic_id"])

    def details_of_many(self, caller: Caller, ids: Sequence[str], _body: Mapping[str, Any]) -> Outcomes[AnalyticRecord]:
        return self._analytics.records(caller, ids)

    def document(self, call: Call) -> AnalyticDocument:
        return self._analytics.document(call.caller, call.path["analytic_id"])

    def upload(self, call: Call) -> AnalyticResponse:
        if call.upload is None:
            raise BadRequest("No manifest came; send it as the part named 'file'")
        kind = call.fields.get("analytic_type")
        return {"analytic": self._uploaded.add(call.caller, call.upload.content, kind)}

    def check_image(self, call: Call) -> None:
        self._uploaded.check_image(call.caller, call.path["analytic_id"], call.arguments.get("type"))

    def upload_image(self, call: Call) -> None:
        if call.upload is None or call.upload.writer is None:
            raise BadRequest("No image came; send it as the part named 'file'")
        analytic_id, kind, upload = call.path["analytic_id"], call.arguments.get("type"), call.upload
        self._uploaded.add_image(call.caller, analytic_id, kind, call.upload.writer, upload.inspector)

    def delete(self, call: Call) -> None:
        self._uploaded.delete(call.caller, call.path["analytic_id"], self._is_used)
