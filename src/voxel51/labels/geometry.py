"""Geometry: boxes, points and lines in a frame, in relative coordinates with the origin at the top left."""

# ruff: noqa: RUF009  (`optional`, `required` and `repeated` return dataclass fields)

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from voxel51.labels.attributes import ATTRIBUTES, TAGS, Attribute
from voxel51.labels.errors import Problem
from voxel51.labels.field_types import (
    BOOLEAN,
    CONFIDENCE,
    COORDINATE,
    INTEGER,
    POINTS,
    TEXT,
    JsonValue,
    ListType,
    short_repr,
)
from voxel51.labels.records import Record, RecordType, WrappedListType, optional, repeated

LOWEST = 1 - 1e-6
"""Place of the lower side of a box that touches that of the frame, so that zones that reach there have it."""


@dataclass(frozen=True, slots=True)
class BoundingBox(Record):
    """Rectangle in relative coordinates in [0, 1]; right is greater than left, bottom greater than top."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def clipped(cls, left: float, top: float, right: float, bottom: float) -> Self | None:
        """Return the part of a rectangle inside the frame, rounded to 5 decimals; None if no part is inside."""
        inside = [round(min(max(float(side), 0.0), 1.0), 5) for side in (left, top, right, bottom)]
        return cls(*inside) if inside[2] > inside[0] and inside[3] > inside[1] else None

    def within(self, left: float, top: float, right: float, bottom: float) -> Self:
        """Return this box of a region of the frame as a box of the whole frame, rounded to 5 decimals."""
        width, height = right - left, bottom - top
        across = (left + width * self.left, left + width * self.right)
        down = (top + height * self.top, top + height * self.bottom)
        return type(self)(round(across[0], 5), round(down[0], 5), round(across[1], 5), round(down[1], 5))

    @classmethod
    def problems(cls, document: object, path: str = "") -> Iterator[Problem]:
        """Yield missing corners (fatal), coordinates outside the frame, and corners in the wrong order."""
        if not isinstance(document, Mapping):
            yield Problem(path, f"expected an object with two corners, got {short_repr(document)}", fatal=True)
            return
        found: list[float] = []
        for corner in ("top_left", "bottom_right"):
            point = document.get(corner)
            for axis in ("x", "y"):
                value = point.get(axis) if isinstance(point, Mapping) else None
                if isinstance(value, bool) or not isinstance(value, int | float):
                    yield Problem(f"{path}.{corner}.{axis}", f"expected a number, got {short_repr(value)}", fatal=True)
                else:
                    found.append(value)
                    yield from COORDINATE.check(value, f"{path}.{corner}.{axis}")
        if len(found) == 4 and not (found[2] > found[0] and found[3] > found[1]):
            yield Problem(path, f"bottom_right must lie below and right of top_left, got {found}")

    @classmethod
    def read(cls, document: Mapping[str, JsonValue]) -> Self:
        """Return the box between the two corners."""
        first, last = document["top_left"], document["bottom_right"]
        return cls(first["x"], first["y"], last["x"], last["y"])

    def to_json(self) -> dict[str, JsonValue]:
        """Return the two corners."""
        return {
            "top_left": {"x": self.left, "y": self.top},
            "bottom_right": {"x": self.right, "y": self.bottom},
        }


@dataclass(slots=True, kw_only=True)
class Keypoints(Record):
    """Group of points, such as the joints of a body; ``confidence`` has one entry per point."""

    name: str | None = optional(TEXT)
    label: str | None = optional(TEXT)
    confidence: list[float] | None = optional(ListType(CONFIDENCE))
    index: int | None = optional(INTEGER)
    points: list[list[float]] = repeated(POINTS)
    attributes: list[Attribute] = repeated(ATTRIBUTES, key="attrs")


@dataclass(slots=True, kw_only=True)
class Polyline(Record):
    """One or several chains of points; closed chains bound areas."""

    name: str | None = optional(TEXT)
    label: str | None = optional(TEXT)
    confidence: float | None = optional(CONFIDENCE)
    index: int | None = optional(INTEGER)
    closed: bool | None = optional(BOOLEAN)
    filled: bool | None = optional(BOOLEAN)
    points: list[list[list[float]]] = repeated(ListType(POINTS))
    tags: list[str] | None = optional(TAGS)
    attributes: list[Attribute] = repeated(ATTRIBUTES, key="attrs")


BOX = RecordType(BoundingBox)
KEYPOINTS = WrappedListType(RecordType(Keypoints), "keypoints")
POLYLINES = WrappedListType(RecordType(Polyline), "polylines")
