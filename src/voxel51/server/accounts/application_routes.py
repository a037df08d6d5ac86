"""Application routes: applications create, list and delete their own users."""

from collections.abc import Iterable

from voxel51.server.accounts.access import APPLICATION, BY_APPLICATION
from voxel51.server.accounts.account_deletion import AccountDeletionService
from voxel51.server.accounts.account_routes import CONFIRM
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.callers import Application
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.wire.accounts import Scope
from voxel51.wire.applications import NewUser, ResultSharing, UserList


def application_routes(applications: ApplicationService, deletion: AccountDeletionService) -> Iterable[Route]:
    """Return the routes of an application's users."""

    def create_user(context: RequestContext[Application], body: NewUser) -> NewUser:
        return {"username": applications.create_user(context.caller, body["username"]).name}

    def list_users(context: RequestContext[Application]) -> UserList:
        return {"users": applications.list_users(context.caller)}

    def delete_user(context: RequestContext[Application]) -> None:
        user = applications.find_user(context.caller, context.path_params["username"])
        deletion.remove(context.caller, user, context.query_params.get("confirm"))

    def result_sharing(context: RequestContext[Application]) -> ResultSharing:
        return {"enabled": applications.shares_results(context.caller)}

    def share_results(context: RequestContext[Application], body: ResultSharing) -> ResultSharing:
        applications.share_results(context.caller, context.caller, enabled=body["enabled"])
        return body

    return [
        route("POST", "/apps/users", create_user, "Create a user of your application", BY_APPLICATION,
              JsonBody(NewUser), answers=NewUser, status=201, errors=(409,)),
        route("GET", "/apps/users/list", list_users, "List the users of your application", BY_APPLICATION,
              answers=UserList),
        route("DELETE", "/apps/users/{username}", delete_user,
              "Delete a user of your application and everything the user has", BY_APPLICATION, status=204,
              errors=(400, 404), parameters={"confirm": CONFIRM}),
        route("GET", "/apps/result-sharing", result_sharing, "Get whether your users share results", BY_APPLICATION,
              answers=ResultSharing),
        route("PUT", "/apps/result-sharing", share_results, "Let your users share results, or stop that",
              Policy(APPLICATION, scope=Scope.MANAGE), JsonBody(ResultSharing), answers=ResultSharing),
    ]  # fmt: skip
