"""The routes by which applications manage their users."""

from collections.abc import Iterable

from voxel51.server.accounts.account_deletion import AccountDeletionService
from voxel51.server.accounts.account_routes import CONFIRM
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.http.route import Call, JsonBody, Needs, Route
from voxel51.wire.applications import NewUser, UserList


def application_routes(applications: ApplicationService, removal: AccountDeletionService) -> Iterable[Route]:
    """One table of all routes of an application's users."""

    def create_user(call: Call) -> NewUser:
        name: str = call.body["username"]
        return {"username": applications.create_user(call.caller, name).name}

    def list_users(call: Call) -> UserList:
        return {"users": applications.list_users(call.caller)}

    def delete_user(call: Call) -> None:
        user = applications.find_user(call.caller, call.path["username"])
        removal.remove(call.caller, user, call.arguments.get("confirm"))

    return [
        Route(
            "POST",
            "/apps/users",
            create_user,
            "Create a user of your application",
            needs=Needs.APPLICATION,
            body=JsonBody(NewUser),
            answers=NewUser,
            status=201,
            errors=(409,),
        ),
        Route(
            "GET",
            "/apps/users/list",
            list_users,
            "The users of your application",
            needs=Needs.APPLICATION,
            answers=UserList,
        ),
        Route(
            "DELETE",
            "/apps/users/{username}",
            delete_user,
            "Delete a user of your application, and all that the user has",
            needs=Needs.APPLICATION,
            status=204,
            errors=(400, 404),
            takes_arguments={"confirm": CONFIRM},
        ),
    ]
