"""Text tracking: join readings of the same text in consecutive frames."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voxel51.analytics.text_reading.reader import Reading
from voxel51.labels.geometry import BoundingBox

LEAST_OVERLAP = 0.3
"""Minimum intersection over union of two boxes with the same text."""

GREATEST_DIFFERENCE = 0.34
"""Maximum edit distance of two readings of the same text, as a share of the longer one: one of three characters may be
misread.
"""


Moment = tuple[int, float]
"""Number and time of a frame."""


@dataclass(slots=True)
class TextTrack:
    """Text over the frames in which it is visible.

    Attributes:
        index: its number, from 1, never reused.
        first, last: numbers of the first and last frame with it, as far as they are known.
        start, end: times of these frames, in seconds.
        best: the reading with the greatest confidence.
        latest: the reading of the last frame.
    """

    index: int
    first: int
    last: int
    start: float
    end: float
    best: Reading
    latest: Reading

    def has(self, reading: Reading) -> bool:
        """Return whether ``reading``, of a frame near the latest one, is of this text."""
        return _are_same(overlap(self.latest.box, reading.box), self, reading)

    def start_at(self, moment: Moment | None) -> None:
        """Let the text start at an earlier frame, if there is one."""
        if moment is not None:
            self.first, self.start = moment

    def end_at(self, moment: Moment | None) -> None:
        """Let the text end at a later frame, if there is one."""
        if moment is not None:
            self.last, self.end = moment


class TextTracker:
    """Joins the readings of consecutive frames; it keeps those of one frame.

    Attributes:
        count: number of texts so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._current: list[TextTrack] = []

    def add(self, number: int, time: float, readings: Sequence[Reading]) -> tuple[list[TextTrack], list[TextTrack]]:
        """Add the readings of the next frame; return the track of each reading, and the tracks that have ended."""
        pairs = [(overlap(old.latest.box, new.box), old, new) for old in self._current for new in readings]
        same = [(old, new) for share, old, new in sorted(pairs, key=_share, reverse=True) if _are_same(share, old, new)]
        known: dict[int, TextTrack] = {}
        taken: set[int] = set()
        for old, new in same:
            if id(new) not in known and old.index not in taken:
                known[id(new)] = old
                taken.add(old.index)
        ended = [each for each in self._current if each.index not in taken]
        self._current = [self._seen(known.get(id(each)), number, time, each) for each in readings]
        return self._current, ended

    def finish(self) -> Iterator[TextTrack]:
        """Yield the texts that were visible until the last frame."""
        yield from self._current
        self._current = []

    def _seen(self, track: TextTrack | None, number: int, time: float, reading: Reading) -> TextTrack:
        if track is None:
            self.count += 1
            return TextTrack(self.count, number, number, time, time, reading, reading)
        track.last, track.end, track.latest = number, time, reading
        if reading.score > track.best.score:
            track.best = reading
        return track


def overlap(one: BoundingBox, other: BoundingBox) -> float:
    """Return the intersection over union of two boxes, 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (_area(one) + _area(other) - width * height)


def edit_distance(one: str, other: str) -> int:
    """Return the number of insertions, deletions and substitutions that turn ``one`` into ``other`` (Levenshtein
    distance).
    """
    before = list(range(len(other) + 1))
    for row, character in enumerate(one, start=1):
        line = [row]
        for column, wanted in enumerate(other, start=1):
            exchanged = before[column - 1] + (character != wanted)
            line.append(min(before[column] + 1, line[-1] + 1, exchanged))
        before = line
    return before[-1]


def _are_same(share: float, old: TextTrack, new: Reading) -> bool:
    if share < LEAST_OVERLAP:
        return False
    one, other = old.latest.text.casefold(), new.text.casefold()
    return edit_distance(one, other) <= GREATEST_DIFFERENCE * max(len(one), len(other))


def _share(pair: tuple[float, TextTrack, Reading]) -> float:
    return pair[0]


def _area(box: BoundingBox) -> float:
    return (box.right - box.left) * (box.bottom - box.top)
