"""Flows of rules: describe a new rule, and iterate over what one started."""

from collections.abc import Iterable

from voxel51.users.calls import rules as calls
from voxel51.users.flows import Emit, EmittingFlow, fetch
from voxel51.wire.rules import NewRule, NewRuleRun, RuleItem, RuleTrigger

Runs = str | Iterable[str | NewRuleRun]
"""Analytics of a rule: one full name, or several, each as a name or with its version and parameters."""


def new_rule(runs: Runs, collection_id: str | None, source_id: str | None, name: str | None) -> NewRule:
    """Return the body of the request for a rule.

    Raises:
        ValueError: both a collection and a source are given.
    """
    if collection_id is not None and source_id is not None:
        raise ValueError("a rule waits for videos of a collection or of a source, not of both")
    described: list[NewRuleRun] = [
        {"analytic": each} if isinstance(each, str) else each for each in ([runs] if isinstance(runs, str) else runs)
    ]
    new: NewRule = {"trigger": RuleTrigger.UPLOAD.value, "runs": described}
    if collection_id is not None:
        new |= {"trigger": RuleTrigger.COLLECTION.value, "collection": collection_id}
    if source_id is not None:
        new |= {"trigger": RuleTrigger.SOURCE.value, "source": source_id}
    if name is not None:
        new["name"] = name
    return new


def all_items(rule_id: str, state: str | None) -> EmittingFlow[RuleItem]:
    """Emit what a rule started, the newest first."""
    cursor = None
    while True:
        page = yield from fetch(calls.items(rule_id, state, cursor))
        for item in page["items"]:
            yield Emit(item)
        cursor = page["next_cursor"]
        if cursor is None:
            return
