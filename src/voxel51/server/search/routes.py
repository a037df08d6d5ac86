"""Search routes: users search the labels of their jobs, and running jobs report their labels."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_USER
from voxel51.server.accounts.callers import User
from voxel51.server.http.access import SIGNED_LINK
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.jobs.attempt_reports import AttemptReports
from voxel51.server.search.query import ARGUMENTS, LabelQuery
from voxel51.server.search.service import SearchService
from voxel51.wire.search import KnownLabels, LabelMatches, SpanReport


def search_routes(search: SearchService, attempts: AttemptReports) -> Iterable[Route]:
    """Return the routes of search."""

    def find(context: RequestContext[User]) -> LabelMatches:
        return search.find(context.caller, LabelQuery.read(context.query_params))

    def names(context: RequestContext[User]) -> KnownLabels:
        return {"labels": search.names(context.caller)}

    def keep(context: RequestContext[None], body: SpanReport) -> None:
        search.keep(attempts.by_link(context.path_params["attempt_id"]), body)

    return [
        route("GET", "/labels", find, "Find jobs by their labels, and the frames that match", BY_USER,
              answers=LabelMatches, parameters=ARGUMENTS, errors=(400,)),
        route("GET", "/labels/names", names, "List the labels that your jobs found", BY_USER, answers=KnownLabels),
        route("PUT", "/links/attempts/{attempt_id}/spans", keep, "Report a job's labels, for the search index",
              Policy(SIGNED_LINK, cost=200), JsonBody(SpanReport), status=204, errors=(409,)),
    ]  # fmt: skip
