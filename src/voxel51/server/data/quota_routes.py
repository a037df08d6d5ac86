"""Quota routes: what a user stores and may store, and what operators grant."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_OPERATOR, BY_USER
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.quotas import Quotas
from voxel51.server.accounts.service import AccountService
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Route, route
from voxel51.wire.accounts import QuotaChange, Usage


def quota_routes(
    quotas: Quotas, storage_quota: StorageQuota, accounts: AccountService, applications: ApplicationService
) -> Iterable[Route]:
    """Return the routes of quotas."""

    def usage_of(user: User) -> Usage:
        with quotas.database.read() as connection:
            return {
                "bytes": storage_quota.used_bytes(connection, user.id),
                "quota": quotas.of(connection, [user.id])[user.id],
            }

    def usage(context: RequestContext[User]) -> Usage:
        return usage_of(context.caller)

    def usage_of_user(context: RequestContext[User]) -> Usage:
        return usage_of(accounts.find(context.path_params["username"]))

    def grant_user(context: RequestContext[User], body: QuotaChange) -> Usage:
        user = accounts.find(context.path_params["username"])
        quotas.grant(context.caller, user, _complete(body))
        return usage_of(user)

    def grant_application(context: RequestContext[User], body: QuotaChange) -> None:
        quotas.grant(context.caller, applications.find(context.path_params["name"]), _complete(body))

    of_user, of_application = "/admin/users/{username}/quota", "/admin/applications/{name}/quota"
    grant = JsonBody(QuotaChange)
    return [
        route("GET", "/account/usage", usage, "Get your usage and quota", BY_USER, answers=Usage),
        route("GET", of_user, usage_of_user, "Get a user's usage and quota", BY_OPERATOR, answers=Usage),
        route("PUT", of_user, grant_user, "Set a user's quota", BY_OPERATOR, grant, answers=Usage),
        route("PUT", of_application, grant_application, "Set the quota of each user of an application", BY_OPERATOR,
              grant, status=204),
    ]  # fmt: skip


def _complete(grant: QuotaChange) -> QuotaChange:
    """Return the grant with None, which stands for the default, in place of missing fields."""
    return {"bytes": grant.get("bytes"), "running_jobs": grant.get("running_jobs")}
