"""Calls about rules, which run analytics on new videos."""

from urllib.parse import urlencode

from voxel51.users.calls.call import Call, delete_path, document, entry, get, path_segment, post_json, put_json
from voxel51.wire.rules import NewRule, Rule, RuleItemList


def create(new: NewRule) -> Call[Rule]:
    """Create a rule."""
    return post_json("rules", entry("rule"), {**new})


def list_all() -> Call[list[Rule]]:
    """List the rules."""
    return get("rules", entry("rules"))


def details(rule_id: str) -> Call[Rule]:
    """Get a rule."""
    return get(_path(rule_id), entry("rule"))


def items(rule_id: str, state: str | None, cursor: str | None) -> Call[RuleItemList]:
    """Get a page of what a rule started."""
    given = {"state": state, "cursor": cursor, "limit": 500}
    arguments = urlencode({name: value for name, value in given.items() if value})
    return get(f"{_path(rule_id)}/items?{arguments}", document)


def change(rule_id: str, action: str) -> Call[Rule]:
    """Pause, resume or retry a rule."""
    return put_json(f"{_path(rule_id)}/{action}", entry("rule"), {})


def delete(rule_id: str) -> Call[None]:
    """Delete a rule."""
    return delete_path(_path(rule_id))


def _path(rule_id: str) -> str:
    return f"rules/{path_segment(rule_id)}"
