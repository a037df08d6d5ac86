"""Review score routes: precision and recall of an analytic on reviewed videos."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_USER
from voxel51.server.accounts.callers import User
from voxel51.server.errors import BadRequest
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Route, route
from voxel51.server.parameters import QueryParameter
from voxel51.server.renditions.specs import JOB_RENDITIONS
from voxel51.server.review_scores.service import ReviewScoreService
from voxel51.wire.reviews import ReviewScores

_PARAMETERS = {
    "analytic": QueryParameter("full name of the analytic, such as voxel51/object-tracks", {"type": "string"}),
    "overlap": JOB_RENDITIONS["evaluation"].arguments["overlap"],
}


def review_score_routes(scores: ReviewScoreService) -> Iterable[Route]:
    """Return the route of review scores."""

    def show(context: RequestContext[User]) -> ReviewScores:
        analytic = context.query_params.get("analytic", "")
        if not analytic:
            raise BadRequest("'analytic' is required: the full name of an analytic, such as voxel51/object-tracks")
        return scores.scores(context.caller, analytic, context.query_params.get("overlap", ""))

    return [
        route("GET", "/reviews/scores", show,
              "Show precision and recall of an analytic on the videos whose labels you have reviewed", BY_USER,
              answers=ReviewScores, errors=(400,), parameters=_PARAMETERS),
    ]  # fmt: skip
