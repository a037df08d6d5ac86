"""Routes of the controls of the queue, for operators: list, pause, resume and limit."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_OPERATOR
from voxel51.server.accounts.callers import User
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Route, route
from voxel51.server.scheduling.controls import ControlService
from voxel51.wire.scheduling import ControlSubject, QueueControlList, QueueLimit, QueuePause


def control_routes(controls: ControlService) -> Iterable[Route]:
    """Return the routes."""

    def show(_context: RequestContext[User]) -> QueueControlList:
        return controls.all()

    def pause(context: RequestContext[User], body: QueuePause) -> QueueControlList:
        subject = controls.subject(body["scope"], body.get("name"))
        controls.pause(context.caller, subject, body.get("reason"))
        return controls.all()

    def resume(context: RequestContext[User], body: ControlSubject) -> QueueControlList:
        controls.resume(context.caller, controls.subject(body["scope"], body.get("name")))
        return controls.all()

    def limit(context: RequestContext[User], body: QueueLimit) -> QueueControlList:
        controls.limit(context.caller, controls.subject(body["scope"], body.get("name")), body["running_jobs"])
        return controls.all()

    errors = (400, 404)
    return [
        route("GET", "/admin/queue/controls", show, "List the pauses and limits of the queue", BY_OPERATOR,
              answers=QueueControlList),
        route("PUT", "/admin/queue/pause", pause, "Pause the queue, a user, an application or an analytic", BY_OPERATOR,
              JsonBody(QueuePause), answers=QueueControlList, errors=errors),
        route("PUT", "/admin/queue/resume", resume, "End a pause", BY_OPERATOR,
              JsonBody(ControlSubject), answers=QueueControlList, errors=errors),
        route("PUT", "/admin/queue/limit", limit, "Limit the jobs of an application or an analytic that run at once",
              BY_OPERATOR, JsonBody(QueueLimit), answers=QueueControlList, errors=errors),
    ]  # fmt: skip
