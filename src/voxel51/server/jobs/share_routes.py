"""Share link routes: owners create and revoke links to a job's result, and holders of a link open it."""

from collections.abc import Iterable, Mapping

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest
from voxel51.server.http.access import ANYONE
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import FileReply
from voxel51.server.http.route import Headers, Policy, Route, route
from voxel51.server.jobs.shares import ShareService
from voxel51.server.parameters import QueryParameter, read_number
from voxel51.wire.accounts import Scope
from voxel51.wire.shares import NewShare, OEmbed, SharedJobDetails, ShareList, ShareRequest

_NOT_KEPT = Headers(always={"Cache-Control": "no-store"})
"""No cache shows a result by a link that is revoked."""

_LARGEST = 10_000
_SIZE = {"type": "integer", "minimum": 100, "maximum": _LARGEST}
_OEMBED: Mapping[str, QueryParameter] = {
    "url": QueryParameter("share link, as it was created", {"type": "string"}),
    "maxwidth": QueryParameter("width that the result may have, in pixels", _SIZE),
    "maxheight": QueryParameter("height that the result may have, in pixels", _SIZE),
    "format": QueryParameter("format of the response", {"type": "string", "enum": ["json"]}),
}


def share_routes(shares: ShareService) -> Iterable[Route]:
    """Return the routes of share links."""

    def add(context: RequestContext[User], body: ShareRequest) -> NewShare:
        job_id = context.path_params["job_id"]
        return shares.add(context.caller, job_id, body.get("days"), body.get("video", False))

    def list_shares(context: RequestContext[User]) -> ShareList:
        return {"shares": shares.all(context.caller, context.path_params["job_id"])}

    def revoke(context: RequestContext[User]) -> None:
        shares.revoke(context.caller, context.path_params["job_id"], context.path_params["share_id"])

    def job(context: RequestContext[None]) -> SharedJobDetails:
        return {"job": shares.job(context.path_params["key"])}

    def output(context: RequestContext[None]) -> Download:
        return shares.output(context.path_params["key"])

    def oembed(context: RequestContext[None]) -> OEmbed:
        given = context.query_params
        if given.get("format", "json") != "json":
            raise BadRequest(f"'format' must be json, not {given['format']!r:.100}")
        width, height = (int(read_number(_OEMBED, name, given, _LARGEST)) for name in ("maxwidth", "maxheight"))
        return shares.oembed(given.get("url", ""), width, height)

    of_job, by_anyone = "/jobs/{job_id}/shares", Policy(ANYONE)
    manage = Policy(USER, scope=Scope.MANAGE)
    # The link shows the job's output, so its creator must be allowed to read that.
    create = Policy(USER, scope=Scope.MANAGE, further_scopes=(Scope.READ,), has_secret=True)
    return [
        route("POST", of_job, add, "Create a share link to the job's result", create, JsonBody(ShareRequest),
              answers=NewShare, status=201, errors=(404,)),
        route("GET", of_job, list_shares, "List a job's share links", BY_USER, answers=ShareList, errors=(404,)),
        route("DELETE", f"{of_job}/{{share_id}}", revoke, "Revoke a share link", manage, status=204, errors=(404,)),
        route("GET", "/shared/{key}", job, "Get the job of a share link", by_anyone, answers=SharedJobDetails,
              errors=(404,), headers=_NOT_KEPT),
        route("GET", "/oembed", oembed, "Get how to embed the result of a share link, for oEmbed", by_anyone,
              answers=OEmbed, parameters=_OEMBED, errors=(400, 404)),
        route("GET", "/shared/{key}/output", output, "Download the output of a share link's job", by_anyone,
              answers=FileReply, errors=(400, 404)),
    ]  # fmt: skip
