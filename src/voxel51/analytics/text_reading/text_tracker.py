"""Which readings are of the same text, seen again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voxel51.analytics.text_reading.reader import Reading
from voxel51.labels.geometry import BoundingBox

LEAST_OVERLAP = 0.3
"""Of two boxes, as their intersection over their union, for what stands in them to be the same text."""

GREATEST_DIFFERENCE = 0.34
"""Of two readings of the same text: edits as a share of the longer one's characters. One of three may be misread."""


@dataclass(slots=True)
class Sighting:
    """A text from the frame that it was first seen in to the last.

    Attributes:
        index: its number, from 1, never used twice.
        first, last: frames that were looked at, by number.
        start, end: when they are shown, in seconds.
        best: the surest reading.
        latest: the reading of the last frame.
    """

    index: int
    first: int
    last: int
    start: float
    end: float
    best: Reading
    latest: Reading


class TextTracker:
    """Joins readings of frames, one after another; it remembers one frame.

    Attributes:
        count: how many texts there were so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._lasting: list[Sighting] = []

    def add(self, number: int, time: float, readings: Sequence[Reading]) -> tuple[list[Sighting], list[Sighting]]:
        """Take the readings of the next frame; gives the sighting that each is part of, and those that ended before."""
        pairs = [(overlap(old.latest.box, new.box), old, new) for old in self._lasting for new in readings]
        same = [(old, new) for share, old, new in sorted(pairs, key=_share, reverse=True) if _are_same(share, old, new)]
        known: dict[int, Sighting] = {}
        taken: set[int] = set()
        for old, new in same:
            if id(new) not in known and old.index not in taken:
                known[id(new)] = old
                taken.add(old.index)
        ended = [each for each in self._lasting if each.index not in taken]
        self._lasting = [self._seen(known.get(id(each)), number, time, each) for each in readings]
        return self._lasting, ended

    def finish(self) -> Iterator[Sighting]:
        """Those that were there until the last frame."""
        yield from self._lasting
        self._lasting = []

    def _seen(self, sighting: Sighting | None, number: int, time: float, reading: Reading) -> Sighting:
        if sighting is None:
            self.count += 1
            return Sighting(self.count, number, number, time, time, reading, reading)
        sighting.last, sighting.end, sighting.latest = number, time, reading
        if reading.score > sighting.best.score:
            sighting.best = reading
        return sighting


def overlap(one: BoundingBox, other: BoundingBox) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (_area(one) + _area(other) - width * height)


def edit_distance(one: str, other: str) -> int:
    """How many characters have to be put in, left out or exchanged to make ``other`` of ``one``."""
    before = list(range(len(other) + 1))
    for row, character in enumerate(one, start=1):
        line = [row]
        for column, wanted in enumerate(other, start=1):
            exchanged = before[column - 1] + (character != wanted)
            line.append(min(before[column] + 1, line[-1] + 1, exchanged))
        before = line
    return before[-1]


def _are_same(share: float, old: Sighting, new: Reading) -> bool:
    if share < LEAST_OVERLAP:
        return False
    one, other = old.latest.text.casefold(), new.text.casefold()
    return edit_distance(one, other) <= GREATEST_DIFFERENCE * max(len(one), len(other))


def _share(pair: tuple[float, Sighting, Reading]) -> float:
    return pair[0]


def _area(box: BoundingBox) -> float:
    return (box.right - box.left) * (box.bottom - box.top)
