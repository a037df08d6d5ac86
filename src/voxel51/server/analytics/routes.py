"""The routes of analytics."""

from collections.abc import Iterable

from voxel51.server.analytics.service import AnalyticService
from voxel51.server.http.route import Call, QueryBody, Route
from voxel51.wire.analytics import AnalyticDetails, AnalyticDocument, AnalyticList


def analytic_routes(analytics: AnalyticService) -> Iterable[Route]:
    """One table of all routes of analytics."""
    handlers = _Handlers(analytics)
    query = QueryBody()
    return [
        Route("GET", "/analytics/list", handlers.list, "What you can run", body=query, answers=AnalyticList),
        Route("GET", "/analytics", handlers.query, "Analytics that match a query", body=query, answers=AnalyticList),
        Route(
            "GET",
            "/analytics/{analytic_id}",
            handlers.details,
            "One version's record and document",
            answers=AnalyticDetails,
            errors=(404,),
        ),
        Route(
            "GET",
            "/analytics/{analytic_id}/doc",
            handlers.document,
            "One version's document",
            answers=AnalyticDocument,
            errors=(404,),
        ),
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

    def document(self, call: Call) -> AnalyticDocument:
        return self._analytics.document(call.caller, call.path["analytic_id"])
