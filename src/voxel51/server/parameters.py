"""Request parameters: descriptions of query parameters and form fields, and conversion of their text.

Each description has a JSON Schema, which the API description repeats, so limits are stated once.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voxel51.server.errors import BadRequest

Schema = Mapping[str, Any]  # any JSON Schema
"""A JSON Schema of one value."""


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """A parameter of the query string."""

    description: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class FormField:
    """A text field of a multipart form. ``schema`` constrains its text."""

    description: str
    required: bool = False
    schema: Schema = field(default_factory=dict)


_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def read_name(noun: str, given: str, longest: int = 255) -> str:
    """Return a name that a user gives to a ``noun``, normalized and without spaces around it.

    Raises:
        BadRequest: it is empty, longer than ``longest``, or has characters that cannot be printed.
    """
    name = unicodedata.normalize("NFC", given).strip()
    if not name or len(name) > longest or _CONTROL.search(name):
        raise BadRequest(f"{given!r:.150} is not a valid name of a {noun}: use 1 to {longest} printable characters")
    return name


def read_number(
    parameters: Mapping[str, QueryParameter], name: str, values: Mapping[str, str], default: float
) -> float:
    """Return the query parameter ``name`` as a number, or ``default`` where it is missing or empty.

    Raises:
        BadRequest: the text is not a number, or its schema does not allow the value.
    """
    return number_of(name, parameters[name].schema, values.get(name) or str(default))


def number_of(name: str, schema: Schema, text: str) -> int | float:
    """Return the number in ``text``, as an int if it is whole.

    Args:
        name: name of the parameter, for the error.
        schema: its type (``integer`` or ``number``), minimum and maximum.
        text: the value in the request.

    Raises:
        BadRequest: the text is not a number, or ``schema`` does not allow the value.
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")  # fails every comparison below
    must_be_whole, is_whole = schema["type"] == "integer", value == value // 1
    if not schema["minimum"] <= value <= schema["maximum"] or (must_be_whole and not is_whole):
        number = "a whole number" if must_be_whole else "a number"
        limits = f"from {schema['minimum']} to {schema['maximum']}"
        raise BadRequest(f"'{name}' must be {number} {limits}, not {text!r:.100}")
    return int(value) if is_whole else value
