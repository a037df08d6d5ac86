"""Reading JSON documents that are kept and handed out again: what could not be handed out is not taken."""

import json
from typing import Any

import msgspec

from voxel51.server.errors import BadRequest

_DEEPEST = 64


def read_document(what: str, content: bytes) -> dict[str, Any]:
    """The JSON object in ``content``. NaN and the infinities, which JSON has not, are read as null.

    Raises:
        BadRequest: it is no JSON object, is nested deeper than 64 levels, or holds halves of characters, which no
            encoding has.
    """
    try:
        document = json.loads(content, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The {what} is not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadRequest(f"The {what} must be a JSON object")
    _check_depth(what, document)
    try:
        msgspec.json.encode(document)
    except UnicodeEncodeError as error:
        raise BadRequest(f"The {what} holds half a character: {error}") from None
    return document


def _check_depth(what: str, document: Any) -> None:
    level = [document]
    for _ in range(_DEEPEST):
        level = [child for parent in level for child in (parent.values() if isinstance(parent, dict) else parent)]
        level = [child for child in level if isinstance(child, dict | list)]
        if not level:
            return
    raise BadRequest(f"The {what} is nested deeper than {_DEEPEST} levels")
