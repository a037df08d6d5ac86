"""Request parameters: descriptions of query parameters and form fields, and conversion of their text.

Each description has a JSON Schema, which the API description repeats, so limits are stated once.
"""

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


def read_number(
    parameters: Mapping[str, QueryParameter], name: str, values: Mapping[str, str], default: float
) -> float:
    """Return the query parameter ``name`` as a number, or ``default`` where it is missing or empty.

    Raises:
        BadRequest: the text is not a number, or its schema does not allow the value.
    """
    schema = parameters[name].schema
    text = values.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = float("nan")  # fails every comparison below
    is_valid = schema["type"] == "number" or value == value // 1
    if not (schema["minimum"] <= value <= schema["maximum"]) or not is_valid:
        raise BadRequest(f"'{name}' is a number from {schema['minimum']} to {schema['maximum']}, not {text!r:.100}")
    return value
