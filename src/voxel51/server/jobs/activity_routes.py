"""Activity routes: running jobs report what they use and print, and owners and operators follow it."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_OPERATOR, BY_USER
from voxel51.server.accounts.callers import User
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.jobs.activity import ActivityService
from voxel51.server.jobs.agent_routes import AGENT
from voxel51.server.jobs.attempts import Attempt
from voxel51.wire.activity import ActivityReport, JobActivity


def activity_routes(activity: ActivityService) -> Iterable[Route]:
    """Return the routes."""

    def add(context: RequestContext[Attempt], body: ActivityReport) -> None:
        activity.add(context.caller, body)

    def of_owner(context: RequestContext[User]) -> JobActivity:
        return activity.of(context.caller, context.path_params["job_id"])

    def of_any(context: RequestContext[User]) -> JobActivity:
        return activity.of_any(context.path_params["job_id"])

    return [
        route("PUT", "/jobs/{job_id}/activity", add, "Report what a job uses and prints", Policy(AGENT),
              JsonBody(ActivityReport), status=204, errors=(400, 404)),
        route("GET", "/jobs/{job_id}/activity", of_owner, "Get the last log lines of a job, and what it uses", BY_USER,
              answers=JobActivity, errors=(404,)),
        route("GET", "/admin/jobs/{job_id}/activity", of_any, "Get the last log lines of any job, and what it uses",
              BY_OPERATOR, answers=JobActivity, errors=(404,)),
    ]  # fmt: skip
