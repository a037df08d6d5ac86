"""Partial result routes: running jobs send labels in parts, and users fetch those that are new since a cursor."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_USER
from voxel51.server.accounts.callers import User
from voxel51.server.http.access import ANYONE
from voxel51.server.http.bodies import RawBody, Upload
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import JsonReply
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.jobs.agent_routes import AGENT
from voxel51.server.jobs.attempts import Attempt
from voxel51.server.jobs.partial_parts import PART_NUMBER
from voxel51.server.jobs.partial_results import PartialResults
from voxel51.server.jobs.shares import ShareService
from voxel51.server.parameters import QueryParameter, number_of
from voxel51.wire.partial import MAX_PART_BYTES, PartialLabels

_PART = RawBody(None, memory_limit_bytes=MAX_PART_BYTES)
_SINCE = {
    "after": QueryParameter(
        "cursor of an earlier reply: return later parts only; default: all parts", {"type": "string", "maxLength": 100}
    )
}


def partial_routes(partial: PartialResults) -> Iterable[Route]:
    """Return the routes by which jobs send partial results and their owners fetch them."""

    def add(context: RequestContext[Attempt], upload: Upload) -> None:
        number = int(number_of("number", PART_NUMBER, context.path_params["number"]))
        partial.add(context.caller, number, upload.content)

    def since(context: RequestContext[User]) -> JsonReply:
        cursor = context.query_params.get("after", "")
        return JsonReply(partial.since(context.caller.id, context.path_params["job_id"], cursor))

    return [
        route("PUT", "/jobs/{job_id}/partial/{number}", add, "Add a part to the partial results of a job",
              Policy(AGENT), _PART, status=204, errors=(400, 404, 409)),
        route("GET", "/jobs/{job_id}/partial", since, "Get the labels that a job has found so far", BY_USER,
              answers=PartialLabels, parameters=_SINCE, errors=(400, 404)),
    ]  # fmt: skip


def shared_partial_routes(partial: PartialResults, shares: ShareService) -> Iterable[Route]:
    """Return the route by which holders of a share link fetch partial results."""

    def since(context: RequestContext[None]) -> JsonReply:
        owner_id, job_id = shares.target(context.path_params["key"])
        return JsonReply(partial.since(owner_id, job_id, context.query_params.get("after", "")))

    return [
        route("GET", "/shared/{key}/partial", since, "Get the labels that a share link's job has found so far",
              Policy(ANYONE), answers=PartialLabels, parameters=_SINCE, errors=(400, 404)),
    ]  # fmt: skip
