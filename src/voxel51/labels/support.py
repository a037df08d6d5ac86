"""Support: the frames that an event or track covers, as ranges of frame numbers such as ``1-30,77-137``."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from voxel51.labels.errors import Problem
from voxel51.labels.field_types import JsonValue, short_repr
from voxel51.labels.records import Record, RecordType

_RANGE = re.compile(r"([0-9]+)(?:-([0-9]+))?")


@dataclass(frozen=True, slots=True)
class Support(Record):
    """Ranges ``(first, last)`` of frame numbers, ascending and disjoint, both ends included."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, first: int, last: int) -> Self:
        """Return the frames from ``first`` to ``last``, both included."""
        return cls(((first, last),))

    @classmethod
    def of_frames(cls, numbers: Iterable[int]) -> Self:
        """Return exactly the frames with these numbers; neighbours become ranges."""
        ranges: list[tuple[int, int]] = []
        for number in sorted(set(numbers)):
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1] = (ranges[-1][0], number)
            else:
                ranges.append((number, number))
        return cls(tuple(ranges))

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self.ranges)

    @classmethod
    def problems(cls, document: object, path: str = "") -> Iterator[Problem]:
        """Yield problems of ranges that cannot be parsed, do not ascend, overlap, or begin before frame 1."""
        if not isinstance(document, Mapping) or document.get("ranges") is None:
            yield Problem(path, f"expected an object with ranges, got {short_repr(document)}", fatal=True)
            return
        try:
            ranges = _parsed(document["ranges"])
        except ValueError as error:
            yield Problem(f"{path}.ranges", str(error), fatal=True)
            return
        before = 0
        for first, last in ranges:
            if first < 1:
                yield Problem(f"{path}.ranges", f"frames are counted from 1, got {first}-{last}")
            elif not before < first <= last:
                yield Problem(f"{path}.ranges", f"ranges must rise without overlap, got {first}-{last}", fatal=True)
            before = last

    @classmethod
    def read(cls, document: Mapping[str, JsonValue]) -> Self:
        """Return the ranges, from text or from pairs."""
        return cls(_parsed(document["ranges"]))

    def to_json(self) -> dict[str, JsonValue]:
        """Return the ranges as text."""
        pieces = (str(first) if first == last else f"{first}-{last}" for first, last in self.ranges)
        return {"ranges": ",".join(pieces)}


SUPPORT = RecordType(Support)


def _parsed(ranges: object) -> tuple[tuple[int, int], ...]:
    if isinstance(ranges, str):
        return tuple(_parsed_piece(piece) for piece in ranges.split(",") if piece.strip())
    if isinstance(ranges, list) and all(_is_pair(each) for each in ranges):
        return tuple((first, last) for first, last in ranges)
    raise ValueError(f"expected text such as 1-3,6 or a list of pairs, got {short_repr(ranges)}")


def _parsed_piece(piece: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(piece.strip())
    if found is None:
        raise ValueError(f"expected ranges such as 1-3,6, got {piece!r}")
    return int(found[1]), int(found[2] or found[1])


def _is_pair(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(type(end) is int for end in value)
