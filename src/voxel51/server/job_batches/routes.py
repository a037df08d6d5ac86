"""Batch routes: estimate, create, list, show and change batches of jobs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec
from starlette.datastructures import QueryParams

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.errors import BadRequest
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.query import read_query
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.job_batches.estimate import BatchEstimator
from voxel51.server.job_batches.plan import BatchPlan, BatchPlanner
from voxel51.server.job_batches.selection import Selection
from voxel51.server.job_batches.service import BatchService
from voxel51.server.parameters import QueryParameter, read_number
from voxel51.wire.accounts import Scope
from voxel51.wire.job_batches import (
    BatchEstimate,
    BatchItemList,
    BatchItemState,
    BatchSelection,
    JobBatch,
    JobBatchDetails,
    JobBatchList,
    NewJobBatch,
)

_FLAG = {"type": "string", "enum": ["true", "false"]}
_CURSOR = QueryParameter("next_cursor of the page before", {"type": "string"})
_LIST: Mapping[str, QueryParameter] = {
    "archived": QueryParameter("true: archived batches instead of the others", _FLAG),
    "limit": QueryParameter("number of batches to return", {"type": "integer", "minimum": 1, "maximum": 100}),
    "cursor": _CURSOR,
}
_ITEMS: Mapping[str, QueryParameter] = {
    "state": QueryParameter("items in this state only", {"type": "string", "enum": [*BatchItemState]}),
    "labels": QueryParameter("true: with the number of tracks and events of each label", _FLAG),
    "limit": QueryParameter("number of items to return", {"type": "integer", "minimum": 1, "maximum": 1000}),
    "cursor": _CURSOR,
}
_AFTER = {"type": "integer", "minimum": 0, "maximum": 10**9}


@dataclass(frozen=True, slots=True)
class BatchHandlers:
    """Handlers of the routes of batches."""

    planner: BatchPlanner
    estimator: BatchEstimator
    batches: BatchService

    def estimate(self, context: RequestContext[User], body: NewJobBatch) -> BatchEstimate:
        """Return the size of a batch."""
        return self.estimator.estimate(context.caller, self._plan(context.caller, body))

    def create(self, context: RequestContext[User], body: NewJobBatch) -> JobBatchDetails:
        """Create a batch."""
        return {"batch": self.batches.create(context.caller, self._plan(context.caller, body))}

    def all(self, context: RequestContext[User]) -> JobBatchList:
        """Return a page of batches."""
        given = context.query_params
        limit = int(read_number(_LIST, "limit", given, 25))
        archived = _flag("archived", given)
        return self.batches.all(context.caller, archived=archived, limit=limit, cursor=given.get("cursor") or None)

    def details(self, context: RequestContext[User]) -> JobBatchDetails:
        """Return a batch."""
        return {"batch": self.batches.details(context.caller, context.path_params["batch_id"])}

    def items(self, context: RequestContext[User]) -> BatchItemList:
        """Return a page of the items of a batch."""
        given = context.query_params
        state = given.get("state") or None
        if state is not None and state not in [*BatchItemState]:
            raise BadRequest(f"'state' must be one of {', '.join(BatchItemState)}, not {state!r:.100}")
        after = int(read_number({"cursor": QueryParameter("", _AFTER)}, "cursor", given, 0))
        limit = int(read_number(_ITEMS, "limit", given, 100))
        batch_id, labels = context.path_params["batch_id"], _flag("labels", given)
        return self.batches.items(context.caller, batch_id, state=state, labels=labels, limit=limit, after=after)

    def change(self, act: Callable[[User, str], JobBatch]) -> Callable[[RequestContext[User]], JobBatchDetails]:
        """Return the handler that changes the batch in the path."""

        def handle(context: RequestContext[User]) -> JobBatchDetails:
            return {"batch": act(context.caller, context.path_params["batch_id"])}

        return handle

    def _plan(self, owner: User, body: NewJobBatch) -> BatchPlan:
        return self.planner.plan(owner, body, read_selection(body["selection"]))


def batch_routes(handlers: BatchHandlers) -> Iterable[Route]:
    """Return the routes of batches."""
    one, run = "/batches/{batch_id}", Policy(USER, scope=Scope.RUN)
    service = handlers.batches
    changes = (
        ("pause", service.pause, "Pause a batch: it starts no more jobs", (400, 404)),
        ("resume", service.resume, "Resume a paused batch", (400, 404)),
        ("cancel", service.cancel, "Cancel a batch and its jobs", (400, 404)),
        ("retry", service.retry, "Run the failed and cancelled items of a batch again", (400, 404)),
        ("archive", service.archive, "Archive a batch that has ended", (400, 404)),
        ("unarchive", service.unarchive, "Unarchive a batch", (404,)),
    )
    return [
        route("POST", "/batches/estimate", handlers.estimate, "Estimate a batch before it is created", run,
              JsonBody(NewJobBatch), answers=BatchEstimate, errors=(400,)),
        route("POST", "/batches", handlers.create, "Run an analytic on many videos, as a batch", run,
              JsonBody(NewJobBatch), answers=JobBatchDetails, status=201, errors=(400,)),
        route("GET", "/batches", handlers.all, "List your batches, the newest first", BY_USER, answers=JobBatchList,
              parameters=_LIST, errors=(400, 404)),
        route("GET", one, handlers.details, "Get a batch and its progress", BY_USER, answers=JobBatchDetails,
              errors=(404,)),
        route("GET", f"{one}/items", handlers.items, "List the items of a batch with their results", BY_USER,
              answers=BatchItemList, parameters=_ITEMS, errors=(400, 404)),
        *(
            route("PUT", f"{one}/{name}", handlers.change(act), summary, run, answers=JobBatchDetails, errors=errors)
            for name, act, summary, errors in changes
        ),
    ]  # fmt: skip


def read_selection(given: BatchSelection) -> Selection:
    """Return the selection of a request.

    Raises:
        BadRequest: its query is malformed.
    """
    query = given.get("query")
    read = None if query is None else read_query(QueryParams(), msgspec.json.encode(query))
    return Selection(data_ids=given.get("data_ids"), query=read, collection=given.get("collection"))


def _flag(name: str, given: Mapping[str, str]) -> bool:
    text = given.get(name, "false")
    if text not in {"true", "false", ""}:
        raise BadRequest(f"'{name}' must be true or false, not {text!r:.100}")
    return text == "true"
