"""What the values of a label document are: how each kind is checked, read and written.

A kind is asked to read only what it was asked to check before, and what had no fatal problem.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from voxel51.labels.errors import Problem


class FieldType(Protocol):
    """How values of one kind travel in JSON."""

    def check(self, value: Any, path: str) -> Iterator[Problem]:
        """Everything wrong with the JSON ``value``, each with its place below ``path``."""

    def read(self, value: Any) -> Any:
        """What the JSON ``value`` stands for."""

    def write(self, value: Any) -> Any:
        """The JSON that stands for ``value``."""


class JsonType:
    """A value that is itself in JSON."""

    def check(self, value: Any, path: str) -> Iterator[Problem]:  # noqa: ARG002  (any JSON is right)
        """Nothing is wrong with any JSON."""
        yield from ()

    def read(self, value: Any) -> Any:
        """The value itself."""
        return value

    def write(self, value: Any) -> Any:
        """The value itself."""
        return value


@dataclass(frozen=True)
class ScalarType(JsonType):
    """A value of one JSON type, perhaps with a condition on it.

    Attributes:
        types: the Python types that JSON gives for it. ``bool`` counts only where it is named.
        name: what it is called when something else is found.
        holds: whether a value of the right type is also a right value.
        condition: what ``holds`` asks for, in words.
    """

    types: tuple[type, ...]
    name: str
    holds: Callable[[Any], bool] | None = None
    condition: str = ""

    def check(self, value: Any, path: str) -> Iterator[Problem]:
        """A wrong type or a broken condition. Readers take both as they come, so neither is fatal."""
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
    """An object whose values are all of one scalar kind, such as label -> probability."""

    item_type: ScalarType

    def check(self, value: Any, path: str) -> Iterator[Problem]:
        """No object at all, or a wrong value in it."""
        if not isinstance(value, Mapping):
            yield Problem(path, f"expected an object, got {short_repr(value)}")
            return
        for key, each in value.items():
            yield from self.item_type.check(each, f"{path}.{key}")


@dataclass(frozen=True)
class ListType(JsonType):
    """A list whose entries are all of one kind, written as it is."""

    item_type: FieldType
    length: int | None = None

    def check(self, value: Any, path: str) -> Iterator[Problem]:
        """No list, a wrong length, or a wrong entry."""
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


def short_repr(value: Any) -> str:
    """``value`` as an error text names it: objects and lists by their kind, long text cut."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
