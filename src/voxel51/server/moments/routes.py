"""Moment routes: find the parts of videos in which labels are seen."""

from collections.abc import Iterable

from voxel51.server.accounts.access import USER
from voxel51.server.accounts.callers import User
from voxel51.server.downloads import Download
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import JsonReply
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.moments.service import CONDITIONS, MomentService
from voxel51.server.renditions.chart_routes import SET, read_set
from voxel51.server.renditions.routes import PENDING, WAIT, waiting
from voxel51.wire.moments import LabelMoments


def moment_routes(moments: MomentService) -> Iterable[Route]:
    """Return the route of moments."""

    def find(context: RequestContext[User]) -> JsonReply:
        search = moments.begin(context.caller, read_set(context), context.query_params)
        found = waiting(lambda _: search.result)(context)
        return JsonReply(search.moments(found)) if isinstance(found, Download) else found

    return [
        route("GET", "/labels/moments", find, "Find the parts of your videos in which labels are seen",
              Policy(USER, calls_other_hosts=True), answers=LabelMoments, errors=(400, 404, 503),
              more_answers=PENDING, parameters={**CONDITIONS, **SET, "wait": WAIT}),
    ]  # fmt: skip
