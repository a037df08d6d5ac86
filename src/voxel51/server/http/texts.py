"""What no text that is kept may hold."""

from collections.abc import Mapping
from typing import Any

from voxel51.server.errors import BadRequest

_NUL = "\0"


def refuse_nul(values: Mapping[str, Any]) -> None:
    """Pass silently when no text in ``values``, however deep, has the character NUL, which some databases cannot keep.

    Raises:
        BadRequest: one has; the text names it.
    """
    for name, value in values.items():
        if _has_nul(name) or _has_nul(value):
            shown = name.replace(_NUL, "\\0")
            raise BadRequest(f"{shown!r:.100} holds the character NUL (U+0000); leave it out")


def _has_nul(value: Any) -> bool:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if _NUL in each:
                return True
        elif isinstance(each, Mapping):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            waiting += each
    return False
