"""Review routes: save, list, show and delete versions of the labels of a job, and get their labels."""

from collections.abc import Callable, Iterable

from starlette.responses import Response

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.downloads import Download
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import FileReply
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.parameters import number_of
from voxel51.server.reviews.label_files import StoredLabels
from voxel51.server.reviews.service import ReviewService
from voxel51.wire.accounts import Scope
from voxel51.wire.reviews import MAX_VERSIONS, NewReview, ReviewDetails, ReviewList, ReviewSaved

_CHANGE = Policy(USER, scope=Scope.RUN)
_WAITING = Policy(USER, calls_other_hosts=True)  # reading large labels takes seconds
_VERSION = {"type": "integer", "minimum": 0, "maximum": MAX_VERSIONS}


def review_routes(reviews: ReviewService) -> Iterable[Route]:
    """Return the routes of reviews."""

    def list_all(context: RequestContext[User]) -> ReviewList:
        return {"reviews": reviews.all(context.caller)}

    def list_of_job(context: RequestContext[User]) -> ReviewList:
        return {"reviews": reviews.all(context.caller, context.path_params["job_id"])}

    def apply(context: RequestContext[User], body: NewReview) -> Callable[[], StoredLabels]:
        job_id = context.path_params["job_id"]
        reviews.labels(context.caller, job_id, body["base"])  # refused before it waits for others
        return lambda: reviews.apply(context.caller, job_id, body)

    def save(context: RequestContext[User], body: NewReview, stored: StoredLabels) -> ReviewSaved:
        return {"review": reviews.save(context.caller, context.path_params["job_id"], body, stored)}

    def show(context: RequestContext[User]) -> ReviewDetails:
        return reviews.details(context.caller, context.path_params["job_id"], _version(context))

    def labels(context: RequestContext[User]) -> Download | Response:
        job_id, version = context.path_params["job_id"], _version(context)
        if version == 0:
            return Response(reviews.original(context.caller, job_id), media_type="application/json")
        return reviews.labels(context.caller, job_id, version)

    def delete(context: RequestContext[User]) -> None:
        reviews.delete(context.caller, context.path_params["job_id"], _version(context))

    of_job, of_version = "/jobs/{job_id}/reviews", "/jobs/{job_id}/reviews/{version}"
    return [
        route("GET", "/reviews", list_all, "List the versions of the labels of all your jobs, the newest first",
              BY_USER, answers=ReviewList),
        route("GET", of_job, list_of_job, "List the versions of the labels of a job, the newest first", BY_USER,
              answers=ReviewList, errors=(400, 404)),
        route("POST", of_job, save, "Save a new version of the labels of a job", _CHANGE, JsonBody(NewReview),
              compute=apply, answers=ReviewSaved, status=201, errors=(400, 404, 409, 503)),
        route("GET", of_version, show, "Show a version of the labels of a job with its edits", BY_USER,
              answers=ReviewDetails, errors=(400, 404)),
        route("GET", f"{of_version}/labels", labels,
              "Get a version of the labels of a job; version 0 is its output, with a number for each track", _WAITING,
              answers=FileReply, errors=(400, 404, 503)),
        route("DELETE", of_version, delete, "Delete a version of the labels of a job", _CHANGE, status=204,
              errors=(400, 404)),
    ]  # fmt: skip


def _version(context: RequestContext[User]) -> int:
    return int(number_of("version", _VERSION, context.path_params["version"]))
