"""Which frames of a video an analytic looks at, and which part of each: the parameters that every analytic takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import FULL_FRAME, Region
from voxel51.platform.errors import InvalidInput

_SLACK_SECONDS = 1e-6


@dataclass(frozen=True, slots=True)
class Selection:
    """What a job asks to look at. Bounds are inclusive, and both kinds of them hold where both are given.

    Attributes:
        first_frame, last_frame: by number, from 1.
        start_seconds, end_seconds: by presentation time.
        fps: how many frames a second are looked at, at most; None: all of them.
        region: the part of the picture, as displayed.
    """

    first_frame: int = 1
    last_frame: int | None = None
    start_seconds: float = 0.0
    end_seconds: float | None = None
    fps: float | None = None
    region: Region = FULL_FRAME

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Self:
        """What the parameters of a job say; those that are not there mean everything.

        Raises:
            InvalidInput: they cannot be meant so; the text names them.
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
        """Whether the frame is not before what is selected."""
        return number >= self.first_frame and time >= self.start_seconds - _SLACK_SECONDS

    def ends_before(self, number: int, time: float) -> bool:
        """Whether the frame, and so all that follow, is after what is selected."""
        by_number = self.last_frame is not None and number > self.last_frame
        return by_number or (self.end_seconds is not None and time > self.end_seconds + _SLACK_SECONDS)

    def placed(self, box: BoundingBox) -> BoundingBox:
        """A box in the selected part of the picture, as one in the whole picture."""
        return box if self.region == FULL_FRAME else box.within(*self.region)


class Sampler:
    """Picks frames so that ``fps`` of them, at most, are picked a second, evenly in time; all of them for None."""

    def __init__(self, fps: float | None) -> None:
        self._interval = None if fps is None else 1 / fps
        self._next: float | None = None

    def takes(self, time: float) -> bool:
        """Whether the frame that is shown at ``time`` (seconds) is picked. Frames come in their order."""
        if self._interval is None:
            return True
        if self._next is None:
            self._next = time
        if time < self._next - _SLACK_SECONDS:
            return False
        while self._next <= time + _SLACK_SECONDS:
            self._next += self._interval
        return True


def _region(value: Any) -> Region:
    if value is None:
        return FULL_FRAME
    try:
        left, top, width, height = (float(each) for each in value)
    except (TypeError, ValueError):
        raise InvalidInput(f"region is {value!r}; it is [left, top, width, height], as shares of the picture") from None
    right, bottom = left + width, top + height
    if not (0 <= left < right <= 1 + _SLACK_SECONDS and 0 <= top < bottom <= 1 + _SLACK_SECONDS):
        raise InvalidInput(f"region {value!r} is not inside the picture; all four numbers are shares of it, 0 to 1")
    return Region(left, top, min(right, 1.0), min(bottom, 1.0))
