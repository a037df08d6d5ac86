"""Pipeline routes: save, list, show, share and delete pipelines; start, list, show and change their runs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.parameters import QueryParameter, read_number
from voxel51.server.pipelines.runs import PipelineRunService
from voxel51.server.pipelines.service import PipelineService
from voxel51.wire.accounts import Scope
from voxel51.wire.pipelines import (
    NewPipeline,
    NewPipelineRun,
    PipelineDetails,
    PipelineList,
    PipelineRun,
    PipelineRunDetails,
    PipelineRunList,
    PipelineShareList,
    PipelineVersionList,
)

_SHARE = Policy(USER, scope=Scope.MANAGE, further_scopes=(Scope.READ,))
"""Sharing passes the document of a pipeline on to others, so it requires the scope to read it."""

_VERSION: Mapping[str, QueryParameter] = {
    "version": QueryParameter(
        "version of the pipeline; default: the latest", {"type": "integer", "minimum": 1, "maximum": 10**9}
    ),
}
_RUNS: Mapping[str, QueryParameter] = {
    "pipeline": QueryParameter("id of a pipeline: its runs only", {"type": "string"}),
    "group": QueryParameter("group_id of runs that a schedule started: these only", {"type": "string"}),
    "limit": QueryParameter("number of runs to return", {"type": "integer", "minimum": 1, "maximum": 100}),
    "cursor": QueryParameter("next_cursor of the page before", {"type": "string"}),
}


def pipeline_routes(pipelines: PipelineService, runs: PipelineRunService) -> Iterable[Route]:
    """Return the routes of pipelines and of their runs."""
    handlers, run = _Handlers(pipelines, runs), Policy(USER, scope=Scope.RUN)
    one, one_run = "/pipelines/{pipeline_id}", "/pipeline-runs/{run_id}"
    share = f"{one}/shares/{{username}}"
    return [
        route("POST", "/pipelines", handlers.save, "Save a pipeline, or a new version of it", run,
              JsonBody(NewPipeline), answers=PipelineDetails, status=201, errors=(400,)),
        route("GET", "/pipelines", handlers.all, "List your pipelines, and those shared with you, by name", BY_USER,
              answers=PipelineList),
        route("GET", one, handlers.details, "Get a pipeline with its document", BY_USER, answers=PipelineDetails,
              parameters=_VERSION, errors=(400, 404)),
        route("GET", f"{one}/versions", handlers.versions, "List the versions of a pipeline, the newest first", BY_USER,
              answers=PipelineVersionList, errors=(404,)),
        route("GET", f"{one}/shares", handlers.shares, "List the users with whom a pipeline is shared", BY_USER,
              answers=PipelineShareList, errors=(404,)),
        route("PUT", share, handlers.share, "Share a pipeline with a user", _SHARE, status=204, errors=(400, 404)),
        route("DELETE", share, handlers.unshare, "End the share of a pipeline with a user, or leave it", BY_USER,
              status=204, errors=(400, 404)),
        route("DELETE", one, handlers.delete, "Delete a pipeline; its runs stay", run, status=204, errors=(404,)),
        route("POST", f"{one}/runs", handlers.start, "Run a pipeline: submit the jobs of all its steps", run,
              JsonBody(NewPipelineRun), answers=PipelineRunDetails, status=201, errors=(400, 404)),
        route("GET", "/pipeline-runs", handlers.all_runs, "List your runs of pipelines, the newest first", BY_USER,
              answers=PipelineRunList, parameters=_RUNS, errors=(400, 404)),
        route("GET", one_run, handlers.run_details, "Get a run of a pipeline with the states of its steps", BY_USER,
              answers=PipelineRunDetails, errors=(404,)),
        route("PUT", f"{one_run}/cancel", handlers.change(runs.cancel), "Cancel a run and its jobs", run,
              answers=PipelineRunDetails, errors=(400, 404)),
        route("PUT", f"{one_run}/retry", handlers.change(runs.retry), "Run the failed steps of a run again", run,
              answers=PipelineRunDetails, errors=(400, 404)),
        route("DELETE", one_run, handlers.delete_run, "Delete a run that has ended; its jobs stay", run, status=204,
              errors=(400, 404)),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Handlers:
    """Handlers of the routes of pipelines."""

    pipelines: PipelineService
    runs: PipelineRunService

    def save(self, context: RequestContext[User], body: NewPipeline) -> PipelineDetails:
        return {"pipeline": self.pipelines.save(context.caller, body["document"])}

    def all(self, context: RequestContext[User]) -> PipelineList:
        return {"pipelines": self.pipelines.all(context.caller)}

    def details(self, context: RequestContext[User]) -> PipelineDetails:
        given = context.query_params
        version = int(read_number(_VERSION, "version", given, 1)) if given.get("version") else None
        return {"pipeline": self.pipelines.details(context.caller, context.path_params["pipeline_id"], version)}

    def versions(self, context: RequestContext[User]) -> PipelineVersionList:
        return {"versions": self.pipelines.versions(context.caller, context.path_params["pipeline_id"])}

    def delete(self, context: RequestContext[User]) -> None:
        self.pipelines.delete(context.caller, context.path_params["pipeline_id"])

    def shares(self, context: RequestContext[User]) -> PipelineShareList:
        return {"shares": self.pipelines.shares(context.caller, context.path_params["pipeline_id"])}

    def share(self, context: RequestContext[User]) -> None:
        given = context.path_params
        self.pipelines.share(context.caller, given["pipeline_id"], given["username"])

    def unshare(self, context: RequestContext[User]) -> None:
        given = context.path_params
        self.pipelines.unshare(context.caller, given["pipeline_id"], given["username"])

    def start(self, context: RequestContext[User], body: NewPipelineRun) -> PipelineRunDetails:
        return {"run": self.runs.start(context.caller, context.path_params["pipeline_id"], body)}

    def all_runs(self, context: RequestContext[User]) -> PipelineRunList:
        given = context.query_params
        limit = int(read_number(_RUNS, "limit", given, 25))
        named = {"pipeline_id": given.get("pipeline") or None, "group_id": given.get("group") or None}
        return self.runs.all(context.caller, **named, limit=limit, cursor=given.get("cursor") or None)

    def run_details(self, context: RequestContext[User]) -> PipelineRunDetails:
        return {"run": self.runs.details(context.caller, context.path_params["run_id"])}

    def delete_run(self, context: RequestContext[User]) -> None:
        self.runs.delete(context.caller, context.path_params["run_id"])

    def change(self, act: Callable[[User, str], PipelineRun]) -> Callable[[RequestContext[User]], PipelineRunDetails]:
        """Return the handler that changes the run in the path."""

        def handle(context: RequestContext[User]) -> PipelineRunDetails:
            return {"run": act(context.caller, context.path_params["run_id"])}

        return handle
