"""Rule routes: create, list, show, change and delete rules, and list what they started."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.errors import BadRequest
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.parameters import QueryParameter, read_number
from voxel51.server.rules.service import RuleService
from voxel51.wire.accounts import Scope
from voxel51.wire.rules import NewRule, Rule, RuleDetails, RuleItemList, RuleItemState, RuleList

_ITEMS: Mapping[str, QueryParameter] = {
    "state": QueryParameter("items in this state only", {"type": "string", "enum": [*RuleItemState]}),
    "limit": QueryParameter("number of items to return", {"type": "integer", "minimum": 1, "maximum": 1000}),
    "cursor": QueryParameter("next_cursor of the page before", {"type": "string"}),
}


def rule_routes(rules: RuleService) -> Iterable[Route]:
    """Return the routes of rules."""
    handlers, one, run = _Handlers(rules), "/rules/{rule_id}", Policy(USER, scope=Scope.RUN)
    changes = (
        ("pause", rules.pause, "Pause a rule: it starts no more jobs, and new videos wait"),
        ("resume", rules.resume, "Resume a paused rule"),
        ("retry", rules.retry, "Run the failed items of a rule again"),
    )
    return [
        route("POST", "/rules", handlers.create, "Run analytics on each new video: create a rule", run,
              JsonBody(NewRule), answers=RuleDetails, status=201, errors=(400, 404)),
        route("GET", "/rules", handlers.all, "List your rules, the newest first", BY_USER, answers=RuleList),
        route("GET", one, handlers.details, "Get a rule", BY_USER, answers=RuleDetails, errors=(404,)),
        route("GET", f"{one}/items", handlers.items, "List what a rule started, the newest first", BY_USER,
              answers=RuleItemList, parameters=_ITEMS, errors=(400, 404)),
        route("DELETE", one, handlers.delete, "Delete a rule; its jobs stay", run, status=204, errors=(404,)),
        *(
            route("PUT", f"{one}/{name}", handlers.change(act), summary, run, answers=RuleDetails, errors=(400, 404))
            for name, act, summary in changes
        ),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Handlers:
    """Handlers of the routes of rules."""

    rules: RuleService

    def create(self, context: RequestContext[User], body: NewRule) -> RuleDetails:
        return {"rule": self.rules.create(context.caller, body)}

    def all(self, context: RequestContext[User]) -> RuleList:
        return {"rules": self.rules.all(context.caller)}

    def details(self, context: RequestContext[User]) -> RuleDetails:
        return {"rule": self.rules.details(context.caller, context.path_params["rule_id"])}

    def items(self, context: RequestContext[User]) -> RuleItemList:
        given = context.query_params
        state = given.get("state") or None
        if state is not None and state not in [*RuleItemState]:
            raise BadRequest(f"'state' must be one of {', '.join(RuleItemState)}, not {state!r:.100}")
        limit, cursor = int(read_number(_ITEMS, "limit", given, 100)), given.get("cursor") or None
        return self.rules.items(context.caller, context.path_params["rule_id"], state=state, limit=limit, cursor=cursor)

    def delete(self, context: RequestContext[User]) -> None:
        self.rules.delete(context.caller, context.path_params["rule_id"])

    def change(self, act: Callable[[User, str], Rule]) -> Callable[[RequestContext[User]], RuleDetails]:
        """Return the handler that changes the rule in the path."""

        def handle(context: RequestContext[User]) -> RuleDetails:
            return {"rule": act(context.caller, context.path_params["rule_id"])}

        return handle
