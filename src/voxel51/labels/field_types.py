"""Field types of label documents: how each type of value is checked, read and written.

`FieldType.read` is called only for values that were checked and had no fatal problem.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from voxel51.labels.errors import Problem

JsonValue: TypeAlias = Any
"""Decoded JSON. Its type is checked at run time, field by field, by the field types of this module."""


class FieldType(Protocol):
    """Representation of the values of one type in JSON."""

    def check(self, value: object, path: str) -> Iterator[Problem]:
        """Yield every problem of the JSON ``value``, each with its location below ``path``."""

    def read(self, value: JsonValue) -> JsonValue:
        """Return the Python value of the JSON ``value``."""

    def write(self, value: JsonValue) -> JsonValue:
        """Return the JSON of ``value``."""


class JsonType:
    """Field type of values that are the same in Python and in JSON."""

    def check(self, value: object, path: str) -> Iterator[Problem]:  # noqa: ARG002  (any JSON is valid)
        """Yield no problem: any JSON is valid."""
        yield from ()

    def read(self, value: JsonValue) -> JsonValue:
        """Return the value itself."""
        return value

    def write(self, value: JsonValue) -> JsonValue:
        """Return the value itself."""
        return value


@dataclass(frozen=True)
class ScalarType(JsonType):
    """Field type of one JSON type, optionally with a condition.

    Attributes:
        types: the Python types of the value. ``bool`` is accepted only if it is listed.
        name: name of the type in error texts.
        holds: whether a value of the right type meets the condition.
        condition: the condition in words.
    """

    types: tuple[type, ...]
    name: str
    holds: Callable[[Any], bool] | None = None
    condition: str = ""

    def check(self, value: object, path: str) -> Iterator[Problem]:
        """Yield a problem for a wrong type or an unmet condition. Readers accept both, so neither is fatal."""
        right = isinstance(value, self.types) and (not isinstance(value, bool) or bool in self.types)
        if not right:
            yield Problem(path, f"expected {self.name}, got {short_repr(value)}")
        elif self.holds is not None and not self.holds(value):
            yield Problem(path, f"{self.condition}, got {short_repr(value)}")


ANY_JSON = JsonType()
TEXT = ScalarType((str,), "text")
NUMBER = ScalarType((int, float), "a number", math.isfinite, "must be finite")
CONFIDENCE = ScalarType((int, float), "a number", lambda value: 0 <= value <= 1, "must lie in [0, 1]")
INTEGER = ScalarType((int,), "a whole number")
FRAME_NUMBER = ScalarType((int,), "a whole number", lambda value: value >= 1, "frames are counted from 1")
BOOLEAN = ScalarType((bool,), "true or false")


@dataclass(frozen=True)
class MapType(JsonType):
    """Field type of an object whose values all have one scalar type, such as label -> probability."""

    item_type: ScalarType

    def check(self, value: object, path: str) -> Iterator[Problem]:
        """Yield a problem if the value is not an object, and the problems of its values."""
        if not isinstance(value, Mapping):
            yield Problem(path, f"expected an object, got {short_repr(value)}")
            return
        for key, each in value.items():
            yield from self.item_type.check(each, f"{path}.{key}")


@dataclass(frozen=True)
class ListType(JsonType):
    """Field type of a list whose entries all have one type."""

    item_type: FieldType
    length: int | None = None

    def check(self, value: object, path: str) -> Iterator[Problem]:
        """Yield a problem if the value is not a list or has the wrong length, and the problems of its entries."""
        if not isinstance(value, list | tuple):
            yield Problem(path, f"expected a list, got {short_repr(value)}")
        elif self.length is not None and len(value) != self.length:
            yield Problem(path, f"expected {self.length} entries, got {len(value)}")
        else:
            for position, each in enumerate(value):
                yield from self.item_type.check(each, f"{path}[{position}]")


COORDINATE = ScalarType((int, float), "a number", lambda value: 0 <= value <= 1, "must lie in [0, 1] of the frame")
POINT = ListType(COORDINATE, length=2)
POINTS = ListType(POINT)


def short_repr(value: object) -> str:
    """Return ``value`` as an error text names it: objects and lists by their type, long text shortened."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
