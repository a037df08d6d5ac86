"""Schedule routes: create, list, show, change and delete schedules, and list their runs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.schedules.service import ScheduleService
from voxel51.wire.accounts import Scope
from voxel51.wire.schedules import (
    NewSchedule,
    Schedule,
    ScheduleChanges,
    ScheduleDetails,
    ScheduleList,
    ScheduleRunList,
)


def schedule_routes(schedules: ScheduleService) -> Iterable[Route]:
    """Return the routes of schedules."""
    handlers, one, run = _Handlers(schedules), "/schedules/{schedule_id}", Policy(USER, scope=Scope.RUN)
    return [
        route("POST", "/schedules", handlers.create, "Run a batch again and again: create a schedule", run,
              JsonBody(NewSchedule), answers=ScheduleDetails, status=201, errors=(400, 404)),
        route("GET", "/schedules", handlers.all, "List your schedules, the newest first", BY_USER,
              answers=ScheduleList),
        route("GET", one, handlers.details, "Get a schedule", BY_USER, answers=ScheduleDetails, errors=(404,)),
        route("GET", f"{one}/runs", handlers.runs, "List the runs of a schedule, the newest first", BY_USER,
              answers=ScheduleRunList, errors=(404,)),
        route("PATCH", one, handlers.edit, "Change a schedule", run, JsonBody(ScheduleChanges),
              answers=ScheduleDetails, errors=(400, 404)),
        route("PUT", f"{one}/pause", handlers.change(schedules.pause), "Pause a schedule: it runs nothing", run,
              answers=ScheduleDetails, errors=(400, 404)),
        route("PUT", f"{one}/resume", handlers.change(schedules.resume), "Resume a paused schedule", run,
              answers=ScheduleDetails, errors=(400, 404)),
        route("DELETE", one, handlers.delete, "Delete a schedule; what it started stays", run, status=204,
              errors=(404,)),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Handlers:
    """Handlers of the routes of schedules."""

    schedules: ScheduleService

    def create(self, context: RequestContext[User], body: NewSchedule) -> ScheduleDetails:
        return {"schedule": self.schedules.create(context.caller, body)}

    def all(self, context: RequestContext[User]) -> ScheduleList:
        return {"schedules": self.schedules.all(context.caller)}

    def details(self, context: RequestContext[User]) -> ScheduleDetails:
        return {"schedule": self.schedules.details(context.caller, context.path_params["schedule_id"])}

    def runs(self, context: RequestContext[User]) -> ScheduleRunList:
        return {"runs": self.schedules.runs(context.caller, context.path_params["schedule_id"])}

    def edit(self, context: RequestContext[User], body: ScheduleChanges) -> ScheduleDetails:
        return {"schedule": self.schedules.change(context.caller, context.path_params["schedule_id"], body)}

    def delete(self, context: RequestContext[User]) -> None:
        self.schedules.delete(context.caller, context.path_params["schedule_id"])

    def change(self, act: Callable[[User, str], Schedule]) -> Callable[[RequestContext[User]], ScheduleDetails]:
        """Return the handler that changes the schedule in the path."""

        def handle(context: RequestContext[User]) -> ScheduleDetails:
            return {"schedule": act(context.caller, context.path_params["schedule_id"])}

        return handle
