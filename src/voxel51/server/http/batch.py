"""Batches: apply one action to many records, each of which succeeds or is refused by itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, NotRequired, TypedDict, TypeVar

from msgspec import Meta

from voxel51.server.errors import BadRequest, ServiceError
from voxel51.server.http.access import Access, ScopedCaller
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.errors import STATUS_OF
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.outcomes import Outcomes
from voxel51.wire.accounts import Scope
from voxel51.wire.batches import BatchResponse, BatchResponses

MAX_IDS = 10_000
"""Ids in one batch: databases limit the number of values in a statement."""

_READ_ONLY_ACTIONS = frozenset({"details", "facts"})


class BatchBody(TypedDict):
    """Body of a batch. ``days`` and ``expiration_date`` belong to the action ``ttl``, which needs one of them.

    ``reason`` belongs to the action ``kill`` of jobs.
    ``add_tags``, ``remove_tags`` and ``metadata`` belong to the action ``update`` of data.
    """

    action: str
    ids: Annotated[list[str], Meta(max_length=MAX_IDS)]
    days: NotRequired[str | float]
    expiration_date: NotRequired[str]
    add_tags: NotRequired[list[str]]
    remove_tags: NotRequired[list[str]]
    metadata: NotRequired[dict[str, str | None]]
    reason: NotRequired[str]


CallerT = TypeVar("CallerT", bound=ScopedCaller)

Action = Callable[[CallerT, Sequence[str], BatchBody], Outcomes[object]]
"""Applies an action, on behalf of the caller, to the records with these ids; the body may have more arguments."""


def batch_route(
    noun: str, actions: Mapping[str, Action[CallerT]], access: Access[CallerT], scope: Scope = Scope.MANAGE
) -> Route:
    """Return the route of batches of ``noun``. Every action but ``details`` and ``facts`` requires ``scope``."""

    def serve(context: RequestContext[CallerT], body: BatchBody) -> BatchResponses:
        action = actions.get(body["action"])
        if action is None:
            raise BadRequest(f"Unknown action {body['action']!r} for {noun}; use one of {', '.join(actions)}")
        context.caller.require(Scope.READ if body["action"] in _READ_ONLY_ACTIONS else scope)
        ids = list(dict.fromkeys(body["ids"]))
        outcomes = action(context.caller, ids, body)
        return {"responses": {identifier: _response(outcomes[identifier]) for identifier in ids}}

    summary = f"Apply an action to many {noun} at once: {', '.join(actions)}"
    policy = Policy(access, scope=Scope.READ)
    return route("POST", f"/{noun}/batch", serve, summary, policy, JsonBody(BatchBody), answers=BatchResponses)


def _response(outcome: object) -> BatchResponse:
    if isinstance(outcome, ServiceError):
        return {"success": False, "error": {"code": STATUS_OF[type(outcome)], "message": str(outcome)}}
    return {"success": True} if outcome is None else {"success": True, "response": outcome}
