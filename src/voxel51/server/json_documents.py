"""JSON documents that are stored and returned later: reject what could not be encoded again."""

import json

import msgspec

from voxel51.server.errors import BadRequest
from voxel51.wire.documents import JsonObject

_MAX_DEPTH = 64


def parse_json_object(what: str, content: bytes) -> JsonObject:
    """Return the JSON object in ``content``. NaN and the infinities, which are not valid JSON, become null.

    Raises:
        BadRequest: the content is not a JSON object, is nested deeper than 64 levels, or contains half of a surrogate
            pair, which no encoding can represent.
    """
    try:
        document = json.loads(content, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The {what} is not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadRequest(f"The {what} must be a JSON object")
    check_depth(what, document)
    try:
        msgspec.json.encode(document)
    except UnicodeEncodeError as error:
        raise BadRequest(f"The {what} contains half of a surrogate pair: {error}") from None
    return document


def check_depth(what: str, document: object) -> None:
    """Raise `BadRequest` if a document is nested deeper than 64 levels."""
    # Level by level instead of recursively: the depth of the document must not exhaust the stack.
    level = [document]
    for _ in range(_MAX_DEPTH):
        children = (
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        )
        level = [child for child in children if isinstance(child, dict | list)]
        if not level:
            return
    raise BadRequest(f"The {what} is nested deeper than {_MAX_DEPTH} levels")
