"""The routes of search: for who searches, and for the attempts whose labels are found."""

from collections.abc import Iterable

from voxel51.server.http.route import Call, JsonBody, Needs, Route
from voxel51.server.jobs.attempts import AttemptService
from voxel51.server.search.query import ARGUMENTS, LabelQuery
from voxel51.server.search.service import SearchService
from voxel51.wire.search import KnownLabels, LabelMatches, SpanReport


def search_routes(search: SearchService, attempts: AttemptService) -> Iterable[Route]:
    """One table of all routes of search."""

    def find(call: Call) -> LabelMatches:
        return search.find(call.caller, LabelQuery.read(call.arguments))

    def names(call: Call) -> KnownLabels:
        return {"labels": search.names(call.caller)}

    def keep(call: Call) -> None:
        report: SpanReport = call.body  # type: ignore[assignment]  # its shape was checked
        search.keep(attempts.by_link(call.path["attempt_id"]), report)

    return [
        Route("GET", "/labels", find, "Jobs whose labels have what you look for, and where", answers=LabelMatches,
              takes_arguments=ARGUMENTS, errors=(400,)),
        Route("GET", "/labels/names", names, "What your jobs found, by label", answers=KnownLabels),
        Route("PUT", "/links/attempts/{attempt_id}/spans", keep, "Say what the labels say, in short", status=204,
              needs=Needs.LINK, body=JsonBody(SpanReport), errors=(409,)),
    ]  # fmt: skip
