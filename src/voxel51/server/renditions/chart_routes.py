"""Chart routes: charts of the labels of a collection, a batch or a search of videos."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.http.context import RequestContext
from voxel51.server.http.query import read_search
from voxel51.server.http.replies import FileReply
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.parameters import QueryParameter, read_number
from voxel51.server.renditions.label_charts import LabelCharts, LabelSet
from voxel51.server.renditions.routes import PENDING, WAIT, waiting
from voxel51.server.renditions.specs import CHART_RENDITION
from voxel51.wire.renditions import LabelSetDetails

_TEXT = {"type": "string"}
SET = {
    "collection": QueryParameter("id of a collection, of which your own videos count", _TEXT),
    "batch": QueryParameter("id of a batch", _TEXT),
    "parameter_set": QueryParameter(
        "number of one of the sets of parameters of the batch, from 0",
        {"type": "integer", "minimum": 0, "maximum": 1000},
    ),
    "search": QueryParameter("search of your data, as in queries, such as tag:street", _TEXT),
    "analytic": QueryParameter("full name of the analytic whose results count, if there are several", _TEXT),
}
"""Parameters of requests that name a set of videos: see `read_set`."""

_CHART = {
    "label": QueryParameter("the only label to count", _TEXT),
    "format": CHART_RENDITION.arguments["format"],
    "theme": CHART_RENDITION.arguments["theme"],
    "wait": WAIT,
}


def chart_routes(charts: LabelCharts) -> Iterable[Route]:
    """Return the routes of charts of sets."""

    def details(context: RequestContext[User]) -> LabelSetDetails:
        return charts.details(context.caller, read_set(context))

    get = waiting(
        lambda context: (
            charts.begin(context.caller, context.path_params["chart"], read_set(context), context.query_params).result
        )
    )
    return [
        route("GET", "/labels/charts", details, "See what can be counted in a collection, a batch or a search",
              BY_USER, answers=LabelSetDetails, errors=(400, 404), parameters=SET),
        route("GET", "/labels/charts/{chart}", get, "Count labels of a collection, a batch or a search: one chart",
              Policy(USER, calls_other_hosts=True), answers=FileReply, errors=(400, 404, 503), more_answers=PENDING,
              parameters={**SET, **_CHART}),
    ]  # fmt: skip


def read_set(context: RequestContext[User]) -> LabelSet:
    """Return the set of videos that a request names.

    Raises:
        BadRequest: a parameter is invalid.
    """
    given = context.query_params
    number = int(read_number(SET, "parameter_set", given, 0)) if given.get("parameter_set") else None
    search = read_search(given["search"]) if given.get("search") else None
    return LabelSet(
        given.get("collection") or None, given.get("batch") or None, number, search, given.get("analytic") or None
    )
