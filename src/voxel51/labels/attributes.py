"""Attributes: named facts about a video, a frame, an object or an event."""

# ruff: noqa: RUF009  (`optional`, `required` and `repeated` return dataclass fields)

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from voxel51.labels.errors import Problem
from voxel51.labels.field_types import BOOLEAN, CONFIDENCE, NUMBER, TEXT, ListType, MapType, short_repr
from voxel51.labels.records import Record, WrappedListType, optional, required

TAGS = ListType(TEXT)
PROBABILITIES = MapType(CONFIDENCE)


@dataclass(slots=True, kw_only=True)
class Attribute(Record):
    """What every attribute has.

    Attributes:
        name: what the fact is about.
        value: the fact.
        confidence: in [0, 1].
        constant: the fact holds as long as what it is attached to lives; said once, at its first frame.
    """

    name: str | None = optional(TEXT)
    value: Any
    confidence: float | None = optional(CONFIDENCE)
    constant: bool | None = optional(BOOLEAN)
    tags: list[str] | None = optional(TAGS)


@dataclass(slots=True, kw_only=True)
class CategoricalAttribute(Attribute):
    """A fact that is one of several, as text. ``top_k_probs`` maps the likeliest values to their probability."""

    TYPE = "eta.core.data.CategoricalAttribute"
    value: str = required(TEXT)
    top_k_probs: dict[str, float] | None = optional(PROBABILITIES)


@dataclass(slots=True, kw_only=True)
class NumericAttribute(Attribute):
    """A fact that is a number."""

    TYPE = "eta.core.data.NumericAttribute"
    value: float = required(NUMBER)


@dataclass(slots=True, kw_only=True)
class BooleanAttribute(Attribute):
    """A fact that is true or false."""

    TYPE = "eta.core.data.BooleanAttribute"
    value: bool = required(BOOLEAN)


_CLASSES: dict[str | None, type[Attribute]] = {
    each.TYPE: each for each in (CategoricalAttribute, NumericAttribute, BooleanAttribute)
}


class AttributeType:
    """The kind of a field that holds an attribute of any type. Unlike elsewhere, ``type`` must be there."""

    def check(self, value: Any, path: str) -> Iterator[Problem]:
        """A type that no reader knows, or what the attribute's own class finds."""
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

    def read(self, value: Any) -> Attribute:
        """The attribute, in its own class."""
        return _CLASSES[value["type"]].read(value)

    def write(self, value: Attribute) -> dict[str, Any]:
        """The attribute's document."""
        return value.to_json()


ATTRIBUTE = AttributeType()
ATTRIBUTES = WrappedListType(ATTRIBUTE, "attrs")
