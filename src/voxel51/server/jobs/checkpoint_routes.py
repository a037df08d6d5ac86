"""Checkpoint routes: running jobs save checkpoints, and later attempts read them and the labels before them."""

import hashlib
from collections.abc import Iterable

from starlette.responses import Response

from voxel51.server.http.bodies import RawBody, Upload
from voxel51.server.http.context import RequestContext
from voxel51.server.http.receiving import check_announced_digest
from voxel51.server.http.replies import FileReply
from voxel51.server.http.route import Headers, Policy, RequestHeader, Route, route
from voxel51.server.jobs.agent_routes import AGENT
from voxel51.server.jobs.attempts import Attempt
from voxel51.server.jobs.checkpoints import CheckpointService
from voxel51.server.jobs.partial_parts import MAX_PARTS, PART_NUMBER
from voxel51.server.parameters import QueryParameter, number_of, read_number
from voxel51.wire.digests import PATTERN, REPR_DIGEST, to_header

_PARAMETERS = {
    "parts": QueryParameter(
        "number of parts of the partial results that belong to the checkpoint",
        {"type": "integer", "minimum": 0, "maximum": MAX_PARTS},
    )
}
_DIGEST = Headers(request={REPR_DIGEST: RequestHeader("SHA-256 of the content, which is checked", PATTERN)})


def checkpoint_routes(checkpoints: CheckpointService) -> Iterable[Route]:
    """Return the routes of checkpoints."""

    def save(context: RequestContext[Attempt], upload: Upload) -> None:
        check_announced_digest(context.headers.get(REPR_DIGEST), hashlib.sha256(upload.content).hexdigest())
        parts = int(read_number(_PARAMETERS, "parts", context.query_params, 0))
        checkpoints.save(context.caller, upload.content, parts)

    def content(context: RequestContext[Attempt]) -> Response:
        return _binary(checkpoints.content(context.caller))

    def part(context: RequestContext[Attempt]) -> Response:
        number = int(number_of("number", PART_NUMBER, context.path_params["number"]))
        return _binary(checkpoints.part(context.caller, number))

    path, by_agent, saving = "/jobs/{job_id}/checkpoint", Policy(AGENT), Policy(AGENT, cost=20)
    body = RawBody(None, memory_limit_bytes=checkpoints.limit_bytes)
    return [
        route("PUT", path, save, "Save a checkpoint of a job", saving, body, status=204, errors=(400, 404, 409),
              parameters=_PARAMETERS, headers=_DIGEST),
        route("GET", path, content, "Get the checkpoint of a job", by_agent, answers=FileReply, errors=(404,)),
        route("GET", "/jobs/{job_id}/partial/{number}", part, "Get a part that belongs to a checkpoint", by_agent,
              answers=FileReply, errors=(400, 404)),
    ]  # fmt: skip


def _binary(content: bytes) -> Response:
    headers = {REPR_DIGEST: to_header(hashlib.sha256(content).hexdigest())}
    return Response(content, headers=headers, media_type="application/octet-stream")
