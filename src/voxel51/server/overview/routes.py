"""Overview routes: queue, workers, usage and health for operators; usage of their own users for applications."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from voxel51.server.accounts.access import BY_APPLICATION, BY_OPERATOR
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.callers import Application, User
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Route, route
from voxel51.server.overview.health import HealthService
from voxel51.server.overview.queue import QueueService
from voxel51.server.overview.usage import UsageQuery, UsageService
from voxel51.server.parameters import QueryParameter, read_number
from voxel51.wire.overview import Health, QueueOverview, UsageReport, Worker, WorkerList

_PARAMETERS: Mapping[str, QueryParameter] = {
    "days": QueryParameter("number of days, today included", {"type": "integer", "minimum": 1, "maximum": 366}),
    "limit": QueryParameter("number of owners to return", {"type": "integer", "minimum": 1, "maximum": 10_000}),
    "offset": QueryParameter("number of owners to skip", {"type": "integer", "minimum": 0, "maximum": 10**9}),
}
_DEFAULTS = {"days": 30, "limit": 1000, "offset": 0}


def overview_routes(
    queue: QueueService, health: HealthService, workers: Callable[[], Sequence[Worker]]
) -> Iterable[Route]:
    """Return the routes of the platform's state."""

    def show_queue(_context: RequestContext[User]) -> QueueOverview:
        return queue.overview()

    def show_workers(_context: RequestContext[User]) -> WorkerList:
        return {"workers": [*workers()]}

    def show_health(_context: RequestContext[User]) -> Health:
        return health.health()

    return [
        route("GET", "/admin/queue", show_queue, "Get waiting and running jobs, and the throughput", BY_OPERATOR,
              answers=QueueOverview),
        route("GET", "/admin/workers", show_workers, "List the workers and their free capacity", BY_OPERATOR,
              answers=WorkerList),
        route("GET", "/admin/health", show_health, "List problems of the platform, and their remedies", BY_OPERATOR,
              answers=Health),
    ]  # fmt: skip


def usage_routes(usage: UsageService, applications: ApplicationService) -> Iterable[Route]:
    """Return the routes of usage reports."""

    def of_all(context: RequestContext[User]) -> UsageReport:
        return usage.of_all_users(_usage_query(context))

    def of_application(context: RequestContext[User]) -> UsageReport:
        return usage.of_application(applications.find(context.path_params["name"]), _usage_query(context))

    def of_caller(context: RequestContext[Application]) -> UsageReport:
        return usage.of_application(context.caller, _usage_query(context))

    return [
        route("GET", "/admin/usage", of_all, "Get the usage of all users", BY_OPERATOR, answers=UsageReport,
              parameters=_PARAMETERS, errors=(400,)),
        route("GET", "/admin/applications/{name}/users", of_application, "Get the usage of an application's users",
              BY_OPERATOR, answers=UsageReport, parameters=_PARAMETERS, errors=(400,)),
        route("GET", "/apps/usage", of_caller, "Get the usage of your users", BY_APPLICATION, answers=UsageReport,
              parameters=_PARAMETERS, errors=(400,)),
    ]  # fmt: skip


def _usage_query(context: RequestContext[object]) -> UsageQuery:
    def number(name: str) -> int:
        return int(read_number(_PARAMETERS, name, context.query_params, _DEFAULTS[name]))

    return UsageQuery(days=number("days"), limit=number("limit"), offset=number("offset"))
