"""Routes of network access: operators list what analytics ask for, grant it and revoke it."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_OPERATOR
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.network.service import NetworkGrants, StopJobs
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Route, route
from voxel51.wire.network import NetworkGrant, NetworkRequestList, NetworkResponse, NetworkRevocation


def network_routes(grants: NetworkGrants, stop_jobs: StopJobs) -> Iterable[Route]:
    """Return the routes. ``stop_jobs`` stops those that use a grant which is revoked."""

    def show(_context: RequestContext[User]) -> NetworkRequestList:
        return grants.requests()

    def grant(context: RequestContext[User], body: NetworkGrant) -> NetworkResponse:
        return grants.grant(context.caller, context.path_params["analytic_id"], body)

    def revoke(context: RequestContext[User]) -> NetworkRevocation:
        return grants.revoke(context.caller, context.path_params["analytic_id"], stop_jobs)

    one = "/admin/analytics/{analytic_id}/network"
    return [
        route("GET", "/admin/network", show, "List the analytics that ask for network access", BY_OPERATOR,
              answers=NetworkRequestList),
        route("PUT", one, grant, "Let an analytic connect to hosts", BY_OPERATOR, JsonBody(NetworkGrant),
              answers=NetworkResponse, errors=(400, 404)),
        route("DELETE", one, revoke, "Revoke the network access of an analytic, and stop the jobs that use it",
              BY_OPERATOR, answers=NetworkRevocation, errors=(404,)),
    ]  # fmt: skip
