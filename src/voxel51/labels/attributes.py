"""Attributes: named facts about a video, a frame, an object or an event."""

# ruff: noqa: RUF009  (`optional`, `required` and `repeated` return dataclass fields)

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from voxel51.labels.errors import Problem
from voxel51.labels.field_types import BOOLEAN, CONFIDENCE, NUMBER, TEXT, JsonValue, ListType, MapType, short_repr
from voxel51.labels.records import Record, WrappedListType, optional, required

TAGS = ListType(TEXT)
PROBABILITIES = MapType(CONFIDENCE)


@dataclass(slots=True, kw_only=True)
class Attribute(Record):
    """Base class of attributes.

    Attributes:
        name: topic of the attribute, such as ``colour``.
        value: value of the attribute.
        confidence: in [0, 1].
        constant: whether the attribute holds for the lifetime of its owner; it is stored once, at the first frame.
    """

    name: str | None = optional(TEXT)
    value: JsonValue
    confidence: float | None = optional(CONFIDENCE)
    constant: bool | None = optional(BOOLEAN)
    tags: list[str] | None = optional(TAGS)


@dataclass(slots=True, kw_only=True)
class CategoricalAttribute(Attribute):
    """Attribute whose value is one of several categories, as text. ``top_k_probs`` maps the likeliest values to their
    probability.
    """

    TYPE: ClassVar[str | None] = "eta.core.data.CategoricalAttribute"
    value: str = required(TEXT)
    top_k_probs: dict[str, float] | None = optional(PROBABILITIES)


@dataclass(slots=True, kw_only=True)
class NumericAttribute(Attribute):
    """Attribute whose value is a number."""

    TYPE: ClassVar[str | None] = "eta.core.data.NumericAttribute"
    value: float = required(NUMBER)


@dataclass(slots=True, kw_only=True)
class BooleanAttribute(Attribute):
    """Attribute whose value is true or false."""

    TYPE: ClassVar[str | None] = "eta.core.data.BooleanAttribute"
    value: bool = required(BOOLEAN)


_CLASSES: dict[str | None, type[Attribute]] = {
    each.TYPE: each for each in (CategoricalAttribute, NumericAttribute, BooleanAttribute)
}


class AttributeType:
    """Field type of an attribute of any class. Unlike in other records, ``type`` is required."""

    def check(self, value: object, path: str) -> Iterator[Problem]:
        """Yield a problem for an unknown ``type``, or the problems of the class that ``type`` names."""
        if not isinstance(value, Mapping):
            yield Problem(path, f"expected an attribute, got {short_repr(value)}", fatal=True)
            return
        declared = value.get("type")
        found = _CLASSES.get(declared) if isinstance(declared, str) else None
        if found is None:
            known = ", ".join(str(name) for name in _CLASSES)
            yield Problem(f"{path}.type", f"expected one of {known}; got {short_repr(declared)}", fatal=True)
        else:
            yield from found.problems(value, path)

    def read(self, value: JsonValue) -> Attribute:
        """Return the attribute as an instance of the class that its ``type`` names."""
        return _CLASSES[value["type"]].read(value)

    def write(self, value: Attribute) -> dict[str, JsonValue]:
        """Return the JSON document of the attribute."""
        return value.to_json()


ATTRIBUTE = AttributeType()
ATTRIBUTES = WrappedListType(ATTRIBUTE, "attrs")
