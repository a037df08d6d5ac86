"""Batches: one action on many records, each done or refused for itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from voxel51.server.errors import BadRequest, ServiceError
from voxel51.server.http.errors import STATUS_OF
from voxel51.server.http.route import Call, JsonBody, Needs, Route
from voxel51.server.outcomes import Outcomes
from voxel51.wire.accounts import Scope
from voxel51.wire.batches import BatchResponse, BatchResponses

MOST_IDS = 10_000
"""How many ids a batch may name; databases limit how many values a statement has."""

_LOOKING = "details"

Action = Callable[[Any, Sequence[str], Mapping[str, Any]], Outcomes[Any]]
"""Does something for a caller to the records with these ids; the rest of the request may say more."""


class BatchBody(TypedDict):
    """Body of a batch. ``days`` and ``expiration_date`` belong to the action ``ttl``, which needs one of them."""

    action: str
    ids: Annotated[list[str], Meta(max_length=MOST_IDS)]
    days: NotRequired[str | float]
    expiration_date: NotRequired[str]


def batch_route(
    noun: str, actions: Mapping[str, Action], needs: Needs = Needs.USER, changes: Scope = Scope.MANAGE
) -> Route:
    """The route of a noun's batches. What is more than looking at records needs the scope ``changes``."""

    def serve(call: Call) -> BatchResponses:
        action = actions.get(call.body["action"])
        if action is None:
            raise BadRequest(f"There is no action {call.body['action']!r} for {noun}; there are {', '.join(actions)}")
        call.caller.require(Scope.READ if call.body["action"] == _LOOKING else changes)
        ids = list(dict.fromkeys(call.body["ids"]))
        outcomes = action(call.caller, ids, call.body)
        return {"responses": {identifier: _response(outcomes[identifier]) for identifier in ids}}

    return Route(
        "POST",
        f"/{noun}/batch",
        serve,
        f"Do one of these to many {noun} at once: {', '.join(actions)}",
        needs=needs,
        body=JsonBody(BatchBody),
        answers=BatchResponses,
        scope=Scope.READ,
    )


def _response(outcome: Any) -> BatchResponse:
    if isinstance(outcome, ServiceError):
        return {"success": False, "error": {"code": STATUS_OF[type(outcome)], "message": str(outcome)}}
    return {"success": True} if outcome is None else {"success": True, "response": outcome}
