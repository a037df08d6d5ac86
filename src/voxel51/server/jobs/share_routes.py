"""The routes of share links: for who makes them, and for who holds one."""

from collections.abc import Iterable

from voxel51.server.downloads import Download
from voxel51.server.http.route import Bytes, Call, JsonBody, Needs, Route
from voxel51.server.jobs.shares import ShareService
from voxel51.wire.accounts import Scope
from voxel51.wire.shares import NewShare, SharedJobDetails, ShareList, ShareRequest


def share_routes(shares: ShareService) -> Iterable[Route]:
    """One table of all routes of share links."""

    def add(call: Call) -> NewShare:
        return shares.add(call.caller, call.path["job_id"], call.body.get("days"), call.body.get("video", False))

    def all_of(call: Call) -> ShareList:
        return {"shares": shares.all(call.caller, call.path["job_id"])}

    def revoke(call: Call) -> None:
        shares.revoke(call.caller, call.path["job_id"], call.path["share_id"])

    def job(call: Call) -> SharedJobDetails:
        return {"job": shares.job(call.path["key"])}

    def output(call: Call) -> Download:
        return shares.output(call.path["key"])

    of_job, manage = "/jobs/{job_id}/shares", Scope.MANAGE
    return [
        Route("POST", of_job, add, "A link to the job's result for somebody without an account", answers=NewShare,
              body=JsonBody(ShareRequest), status=201, tells_secret=True, errors=(404,), scope=manage),
        Route("GET", of_job, all_of, "The share links of a job", answers=ShareList, errors=(404,)),
        Route("DELETE", f"{of_job}/{{share_id}}", revoke, "End a share link", status=204, scope=manage, errors=(404,)),
        Route("GET", "/shared/{key}", job, "What a share link leads to", needs=Needs.NOBODY, answers=SharedJobDetails,
              errors=(404,)),
        Route("GET", "/shared/{key}/output", output, "The output that a share link leads to", needs=Needs.NOBODY,
              answers=Bytes, errors=(400, 404)),
    ]  # fmt: skip
