"""Frame selection: the range, rate and region of a video that the common parameters of a job select."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from voxel51.labels.field_types import JsonValue
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import FULL_FRAME, Region
from voxel51.platform.errors import InvalidInput

_SLACK_SECONDS = 1e-6


@dataclass(frozen=True, slots=True)
class Selection:
    """Frames and region that a job selects. Bounds are inclusive; bounds by number and by time both apply.

    Attributes:
        first_frame, last_frame: by number, from 1.
        start_seconds, end_seconds: by presentation time.
        fps: maximum number of frames per second; None: all frames.
        region: part of the frame, as displayed.
    """

    first_frame: int = 1
    last_frame: int | None = None
    start_seconds: float = 0.0
    end_seconds: float | None = None
    fps: float | None = None
    region: Region = FULL_FRAME

    @classmethod
    def of(cls, parameters: Mapping[str, JsonValue]) -> Self:
        """Return the selection of a job's parameters; missing ones select everything.

        Raises:
            InvalidInput: parameters contradict each other; the text names them.
        """
        first, last = int(parameters.get("first_frame") or 1), parameters.get("last_frame")
        start, end = float(parameters.get("start_seconds") or 0.0), parameters.get("end_seconds")
        if last is not None and last < first:
            raise InvalidInput(f"last_frame is {last}, which comes before first_frame {first}")
        if end is not None and end <= start:
            raise InvalidInput(f"end_seconds is {end}, which is not after start_seconds {start}")
        fps = parameters.get("fps")
        return cls(
            first_frame=first,
            last_frame=None if last is None else int(last),
            start_seconds=start,
            end_seconds=None if end is None else float(end),
            fps=None if fps is None else float(fps),
            region=_region(parameters.get("region")),
        )

    def begins_by(self, number: int, time: float) -> bool:
        """Return whether the frame is in the selected range or after it."""
        return number >= self.first_frame and time >= self.start_seconds - _SLACK_SECONDS

    def ends_before(self, number: int, time: float) -> bool:
        """Return whether the frame, and so every later frame, is after the selected range."""
        by_number = self.last_frame is not None and number > self.last_frame
        return by_number or (self.end_seconds is not None and time > self.end_seconds + _SLACK_SECONDS)

    def to_whole_frame(self, box: BoundingBox) -> BoundingBox:
        """Return a box of the selected region as a box of the whole frame."""
        return box if self.region == FULL_FRAME else box.within(*self.region)


class Sampler:
    """Selects at most ``fps`` frames per second, at equal intervals; all frames for None."""

    def __init__(self, fps: float | None) -> None:
        self._interval = None if fps is None else 1 / fps
        self._next: float | None = None

    def takes(self, time: float) -> bool:
        """Return whether the frame at ``time`` (seconds) is selected. Frames must come in order."""
        if self._interval is None:
            return True
        if self._next is None:
            self._next = time
        if time < self._next - _SLACK_SECONDS:
            return False
        while self._next <= time + _SLACK_SECONDS:
            self._next += self._interval
        return True


def _region(value: JsonValue) -> Region:
    if value is None:
        return FULL_FRAME
    try:
        left, top, width, height = (float(each) for each in value)
    except (TypeError, ValueError):
        raise InvalidInput(
            f"region is {value!r}; it must be [left, top, width, height], as fractions of the frame"
        ) from None
    right, bottom = left + width, top + height
    if not (0 <= left < right <= 1 + _SLACK_SECONDS and 0 <= top < bottom <= 1 + _SLACK_SECONDS):
        raise InvalidInput(f"region {value!r} is not inside the frame; all four numbers are fractions of it, 0 to 1")
    return Region(left, top, min(right, 1.0), min(bottom, 1.0))
