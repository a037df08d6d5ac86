"""Plan of a split job: the ranges of frames of its parts.

The parts divide the selected frames, in order and without gaps. They are equally long but for the cuts, which are moved
to keyframes nearby, from which a part can be decoded without the frames before.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

_SLACK_SECONDS = 1e-6
_MOVED_AT_MOST = 0.25
"""Share of a part by which a cut may be moved to a keyframe."""


class FrameRange(NamedTuple):
    """Frames from ``first`` to ``last``, inclusive, by number from 1."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """Number of frames."""
        return self.last - self.first + 1


class FrameIndex(msgspec.Struct):
    """Frame index of a video, as its rendition has it. ``keyframes`` is empty in those of earlier versions."""

    times: list[float]
    keyframes: list[int] = []
    warnings: list[str] = []

    def seconds(self, frames: FrameRange) -> float:
        """Return how long these frames are shown, about: the last one counts as long as a mean one."""
        gaps = frames.length - 1
        shown = self.times[frames.last - 1] - self.times[frames.first - 1]
        return shown * frames.length / gaps if gaps else 0.0


def selected_frames(parameters: Mapping[str, object], times: Sequence[float]) -> FrameRange | None:
    """Return the frames that the common parameters of a job select; None if they select none.

    Bounds by number and by time both apply, as in `voxel51.platform.selection`.
    """
    first, start = _number(parameters, "first_frame"), _number(parameters, "start_seconds")
    last, end = _number(parameters, "last_frame"), _number(parameters, "end_seconds")
    lowest, highest = max(1, int(first or 1)), len(times)
    if last is not None:
        highest = min(highest, int(last))
    if start is not None:
        lowest = max(lowest, bisect_left(times, start - _SLACK_SECONDS) + 1)
    if end is not None:
        highest = min(highest, bisect_right(times, end + _SLACK_SECONDS))
    return FrameRange(lowest, highest) if lowest <= highest else None


def _number(parameters: Mapping[str, object], name: str) -> float | None:
    value = parameters.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def parts_worth(work_seconds: float, least_seconds: float, most: int) -> int:
    """Return into how many parts to divide work, so that each has about ``least_seconds`` of it or more."""
    return most if least_seconds <= 0 else min(most, int(work_seconds / least_seconds))


def divide(frames: FrameRange, keyframes: Sequence[int], count: int) -> list[FrameRange]:
    """Return ``count`` ranges that divide ``frames``; fewer if there are not so many frames. ``keyframes`` ascend."""
    count = max(1, min(count, frames.length))
    size = frames.length / count
    starts = [frames.first]
    for number in range(1, count):
        start = _moved_to_keyframe(frames.first + round(number * size), keyframes, size * _MOVED_AT_MOST)
        if starts[-1] < start <= frames.last:
            starts.append(start)
    ends = [start - 1 for start in starts[1:]]
    return [FrameRange(*each) for each in zip(starts, [*ends, frames.last], strict=True)]


def _moved_to_keyframe(start: int, keyframes: Sequence[int], most: float) -> int:
    """Return the keyframe nearest to ``start``, or ``start`` itself if none is within ``most`` frames."""
    position = bisect_left(keyframes, start)
    near = min(keyframes[max(0, position - 1) : position + 1], key=lambda each: abs(each - start), default=start)
    return near if abs(near - start) <= most else start
