"""Stretches of a video in which something lasts."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """From the frame ``first`` to the frame ``last``, both included; times in seconds, ``end`` being that of the frame
    after the last.
    """

    first: int
    last: int
    start: float
    end: float


class SegmentFinder:
    """Turns what is so, or not, frame by frame, into spells that last at least ``minimum_seconds``."""

    def __init__(self, minimum_seconds: float) -> None:
        self._minimum_seconds = minimum_seconds
        self._first: tuple[int, float] | None = None
        self._last = 0

    def add(self, number: int, time: float, *, lasts: bool) -> Iterator[Segment]:
        """Take the next frame; gives the spell that ended before it, if one did."""
        if not lasts:
            yield from self.finish(time)
        elif self._first is None:
            self._first = (number, time)
        if lasts:
            self._last = number

    def finish(self, end: float) -> Iterator[Segment]:
        """The spell that lasts until the end of the video, which is at ``end`` seconds, if there is one."""
        if self._first is not None and end - self._first[1] >= self._minimum_seconds:
            yield Segment(self._first[0], self._last, self._first[1], end)
        self._first = None
