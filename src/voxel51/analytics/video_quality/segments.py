"""Segments of a video in which a condition lasts."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """Segment from the frame ``first`` to the frame ``last``, both included; ``end`` is the time of the frame after the
    last, in seconds.
    """

    first: int
    last: int
    start: float
    end: float


class SegmentFinder:
    """Joins frames that meet a condition into segments of at least ``minimum_seconds``."""

    def __init__(self, minimum_seconds: float) -> None:
        self._minimum_seconds = minimum_seconds
        self._first: tuple[int, float] | None = None
        self._last = 0

    def add(self, number: int, time: float, *, lasts: bool) -> Iterator[Segment]:
        """Add the next frame; yield the segment that ended before it, if any."""
        if not lasts:
            yield from self.finish(time)
        elif self._first is None:
            self._first = (number, time)
        if lasts:
            self._last = number

    def finish(self, end: float) -> Iterator[Segment]:
        """Yield the segment that lasts until the end of the video, at ``end`` seconds, if any."""
        if self._first is not None and end - self._first[1] >= self._minimum_seconds:
            yield Segment(self._first[0], self._last, self._first[1], end)
        self._first = None
