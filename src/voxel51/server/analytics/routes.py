"""The routes of analytics."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from voxel51.server.accounts.callers import Caller
from voxel51.server.analytics.service import LISTING, AnalyticService
from voxel51.server.http.batch import batch_route
from voxel51.server.http.route import Call, Needs, QueryBody, Route
from voxel51.server.outcomes import Outcomes
from voxel51.wire.analytics import Analytic, AnalyticDetails, AnalyticDocument, AnalyticList


def analytic_routes(analytics: AnalyticService) -> Iterable[Route]:
    """One table of all routes of analytics: for users, and the same for applications."""
    handlers = _Handlers(analytics)
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
    ]


class _Handlers:
    def __init__(self, analytics: AnalyticService) -> None:
        self._analytics = analytics

    def list(self, call: Call) -> AnalyticList:
        return self._analytics.list(call.caller, call.query.all_versions)

    def query(self, call: Call) -> AnalyticList:
        return self._analytics.query(call.caller, call.query)

    def details(self, call: Call) -> AnalyticDetails:
        return self._analytics.details(call.caller, call.path["analytic_id"])

    def details_of_many(self, caller: Caller, ids: Sequence[str], _body: Mapping[str, Any]) -> Outcomes[Analytic]:
        return self._analytics.records(caller, ids)

    def document(self, call: Call) -> AnalyticDocument:
        return self._analytics.document(call.caller, call.path["analytic_id"])
