"""The routes of quotas: what one uses, and what operators grant."""

from collections.abc import Iterable

from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.quotas import Quotas
from voxel51.server.accounts.service import AccountService
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.http.route import Call, JsonBody, Route
from voxel51.wire.accounts import QuotaChange, Scope, Usage


def quota_routes(
    quotas: Quotas, storage_quota: StorageQuota, accounts: AccountService, applications: ApplicationService
) -> Iterable[Route]:
    """One table of all routes of quotas."""

    def usage_of(user: User) -> Usage:
        with quotas.database.read() as connection:
            return {
                "bytes": storage_quota.used_bytes(connection, user.id),
                "quota": quotas.of(connection, [user.id])[user.id],
            }

    def usage(call: Call) -> Usage:
        return usage_of(call.caller)

    def usage_of_user(call: Call) -> Usage:
        return usage_of(accounts.find(call.path["username"]))

    def grant_user(call: Call) -> Usage:
        user, granted = accounts.find(call.path["username"]), _grant(call)
        quotas.grant(call.caller, user, granted)
        return usage_of(user)

    def grant_application(call: Call) -> None:
        quotas.grant(call.caller, applications.find(call.path["name"]), _grant(call))

    of_user, of_application = "/admin/users/{username}/quota", "/admin/applications/{name}/quota"
    body, administer = JsonBody(QuotaChange), Scope.ADMINISTER
    return [
        Route("GET", "/account/usage", usage, "What you use, and may use", answers=Usage),
        Route("GET", of_user, usage_of_user, "What a user uses, and may use", answers=Usage, scope=administer),
        Route("PUT", of_user, grant_user, "Grant a user more, or less", body=body, answers=Usage, scope=administer),
        Route("PUT", of_application, grant_application, "Grant each user of an application more, or less", body=body,
              status=204, scope=administer),
    ]  # fmt: skip


def _grant(call: Call) -> QuotaChange:
    return {"bytes": call.body.get("bytes"), "running_jobs": call.body.get("running_jobs")}
