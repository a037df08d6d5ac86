"""Media clock: continuous presentation times, also where the timestamps of a stream restart or jump.

Joined recordings, broadcasts that were received with interruptions, and damaged files have timestamps that start again
or leap by hours. The clock replaces each such break by the length of one frame, and counts it.
"""

from array import array
from typing import Self

import av
import numpy as np
from av.container import InputContainer

_DISCONTINUOUS = 0x0200
"""AVFMT_TS_DISCONT, FFmpeg's flag of formats whose timestamps may break, such as MPEG transport streams."""

_LONGEST_GAP_SECONDS = 10.0
"""A longer gap in such a format is a break. The same limit as in the program ffmpeg."""

_LONGEST_GAP_ELSEWHERE_SECONDS = 30 * 3600.0
"""The same for other formats, where a frame may be shown for hours, as in a recording of a screen."""

_JITTER_FRAMES = 1.5
"""A step back of fewer frames is one wrong timestamp, not a restart."""

_RETURN_FRAMES = 3
"""After a break, a frame at most so many frames ahead on the clock from before it shows that a single timestamp was
wrong.
"""

_NEAR_MEDIAN = (0.5, 1.5)
"""Intervals between these multiples of the median are those of a constant rate; timestamps may be rounded."""


class MediaClock:
    """Presentation times of one stream, strictly increasing, in seconds from the start of the file.

    Attributes:
        break_count: number of breaks so far.
        first_break: number of the first frame after the first break, from 1; 0 without one.
    """

    def __init__(self, interval: float, start: float = 0.0, longest_gap: float = _LONGEST_GAP_SECONDS) -> None:
        """Count from ``start``. ``interval`` is the expected time from frame to frame, and a break follows
        ``longest_gap`` without a frame; all in seconds.
        """
        self.break_count = 0
        self.first_break = 0
        self._start = start
        self._interval = interval if 0 < interval < _LONGEST_GAP_SECONDS else 0.04
        self._longest_gap = longest_gap
        self._count = 0
        self._offset = self._offset_before = 0.0
        self._broke = False  # whether the last frame was the first one after a break
        self._first: float | None = None
        self._last = self._end = 0.0
        self._intervals = array("f")  # of 4 bytes each: a day of video has millions of frames

    @classmethod
    def of(cls, container: InputContainer, interval: float) -> Self:
        """Return the clock of a stream of ``container`` whose frames follow each other after ``interval`` seconds."""
        is_discontinuous = bool(container.format.flags & _DISCONTINUOUS)
        longest_gap = _LONGEST_GAP_SECONDS if is_discontinuous else _LONGEST_GAP_ELSEWHERE_SECONDS
        return cls(interval, (container.start_time or 0) / av.time_base, longest_gap)

    def tick(self, time: float | None, length: float) -> float:
        """Return the continuous time of a frame with the timestamp ``time`` that lasts ``length`` seconds.

        ``length`` is 0 if unknown. A frame without a timestamp follows the one before it.
        """
        self._count += 1
        if self._first is None:
            self._first = self._last = 0.0 if time is None else max(time - self._start, 0.0)
            self._offset = 0.0 if time is None else self._first - (time - self._start)
            self._end = self._first + (length or self._interval)
            return self._first
        previous = self._last
        self._last = self._end if time is None else self._continuous(time - self._start, length or self._interval)
        # A rounded sum may equal the previous time.
        self._last = max(self._last, previous + 1e-6)
        self._end = max(self._end, self._last + (length or self._interval))
        return self._last

    @property
    def span(self) -> float:
        """Seconds from the start of the first frame to the end of the last one."""
        return self._end - (self._first or 0.0)

    @property
    def rate(self) -> float | None:
        """Frames per second: the mean, or without interruptions of an otherwise constant rate; None if unknown."""
        if self.span <= 0:
            return None
        intervals = np.asarray(self._intervals)
        if len(intervals):
            median = np.median(intervals)
            near = intervals[(_NEAR_MEDIAN[0] * median <= intervals) & (intervals <= _NEAR_MEDIAN[1] * median)]
            # Otherwise the rate is constant, or varies all the time.
            if len(intervals) / 2 <= len(near) < len(intervals):
                return float(1 / near.mean(dtype=np.float64))
        return self._count / self.span

    def _continuous(self, time: float, length: float) -> float:
        """Return ``time`` on the clock without breaks, and correct the clock if there is one here."""
        broke, self._broke = self._broke, False
        if broke and self._last < time + self._offset_before <= self._last + _RETURN_FRAMES * length:
            self._offset = self._offset_before
        step = time + self._offset - self._last
        if -_JITTER_FRAMES * length < step <= 0:
            self._intervals.append(length)
            return self._last + length / 2
        if step <= 0 or step - length > self._longest_gap:
            self._break(time, length)
            return self._last + length
        self._intervals.append(step)
        return self._last + step

    def _break(self, time: float, length: float) -> None:
        self._offset_before, self._offset = self._offset, self._last + length - time
        self._broke = True
        self.break_count += 1
        self.first_break = self.first_break or self._count
