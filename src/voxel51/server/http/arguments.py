"""Arguments of the query string that are numbers, read as their schemas have them."""

from collections.abc import Mapping
from typing import Any

from voxel51.server.errors import BadRequest
from voxel51.server.http.route import Argument


def read_number(arguments: Mapping[str, Argument], name: str, given: Mapping[str, str], otherwise: float) -> float:
    """The argument ``name`` of a request, or ``otherwise`` where it is missing or empty.

    Raises:
        BadRequest: it is no number, or none that its schema allows.
    """
    schema: Mapping[str, Any] = arguments[name].schema
    text = given.get(name) or str(otherwise)
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    is_whole = schema["type"] == "number" or value == value // 1
    if not (schema["minimum"] <= value <= schema["maximum"]) or not is_whole:
        raise BadRequest(f"'{name}' is a number from {schema['minimum']} to {schema['maximum']}, not {text!r:.100}")
    return value
