"""The routes of the overview: for operators, and for applications that look at their own users."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.http.route import Call, Needs, Route
from voxel51.server.overview.health import HealthService
from voxel51.server.overview.queue import QueueService
from voxel51.server.overview.usage import UsageQuery, UsageService
from voxel51.server.parameters import QueryParameter, read_number
from voxel51.wire.accounts import Scope
from voxel51.wire.overview import Health, QueueOverview, UsageReport, Worker, WorkerList

_ARGUMENTS: Mapping[str, QueryParameter] = {
    "days": QueryParameter("number of days, today included", {"type": "integer", "minimum": 1, "maximum": 366}),
    "limit": QueryParameter("number of owners to return", {"type": "integer", "minimum": 1, "maximum": 10_000}),
    "offset": QueryParameter("number of owners to skip", {"type": "integer", "minimum": 0, "maximum": 10**9}),
}
_USUAL = {"days": 30, "limit": 1000, "offset": 0}


def overview_routes(
    queue: QueueService,
    usage: UsageService,
    health: HealthService,
    workers: Callable[[], Sequence[Worker]],
    applications: ApplicationService,
) -> Iterable[Route]:
    """One table of all routes of the overview."""

    def show_queue(_call: Call) -> QueueOverview:
        return queue.overview()

    def show_workers(_call: Call) -> WorkerList:
        return {"workers": [*workers()]}

    def show_health(_call: Call) -> Health:
        return health.health()

    def of_everybody(call: Call) -> UsageReport:
        return usage.of_everybody(_asked(call))

    def of_application(call: Call) -> UsageReport:
        return usage.of_application(applications.find(call.path["name"]), _asked(call))

    def of_caller(call: Call) -> UsageReport:
        return usage.of_application(call.caller, _asked(call))

    return [
        _route("/queue", show_queue, "What waits, what runs, and how fast it goes", QueueOverview),
        _route("/workers", show_workers, "What executes jobs, and what it has to spare", WorkerList),
        _route("/health", show_health, "What is wrong with the platform, and what to do", Health),
        _route("/usage", of_everybody, "Who uses how much", UsageReport, takes_arguments=_ARGUMENTS, errors=(400,)),
        _route("/applications/{name}/users", of_application, "An application's users, and what they use", UsageReport,
               takes_arguments=_ARGUMENTS, errors=(400,)),
        Route("GET", "/apps/usage", of_caller, "Your users, and what they use", needs=Needs.APPLICATION,
              answers=UsageReport, takes_arguments=_ARGUMENTS, errors=(400,)),
    ]  # fmt: skip


def _route(path: str, handler: Callable[[Call], Any], summary: str, answers: Any, **more: Any) -> Route:
    return Route("GET", f"/admin{path}", handler, summary, answers=answers, scope=Scope.ADMINISTER, **more)


def _asked(call: Call) -> UsageQuery:
    values = {name: int(read_number(_ARGUMENTS, name, call.arguments, usual)) for name, usual in _USUAL.items()}
    return UsageQuery(**values)
