"""Cut detection: a cut is a frame that differs from the previous one far more than the frames around it do."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from voxel51.labels.media.frame import Pixels

PICTURE_SIZE = (96, 54)
"""Width and height at which frames are compared. The small size suppresses noise and small motion."""

REACH = 6
"""Number of frames before and after a candidate that are considered."""

CONTRAST = 3.0
"""A cut changes the image at least this many times as much as the median around it; fast motion does not."""

QUIET = 1.0
"""Minimum for that median (of 255): in a still scene, noise would be many times the usual change."""

_CutFeatures = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Cut:
    """First frame of a new shot.

    Attributes:
        number: of that frame.
        time: of that frame, in seconds.
        difference: from the previous frame, in 0 to 255.
    """

    number: int
    time: float
    difference: float


@dataclass(slots=True)
class _ComparedFrame:
    number: int
    time: float
    look: _CutFeatures
    difference: float


FRAMES_BEFORE = 2 * REACH + 1
"""Frames before a frame that decide, with it, whether the frame `REACH` before it stands out."""


@dataclass
class CutMeter:
    """Finds the frames that stand out in consecutive ones. It keeps 2 * `REACH` frames and reports a frame `REACH`
    frames later.

    Attributes:
        threshold: minimum difference of a cut, in 0 to 255.
    """

    threshold: float
    _window: deque[_ComparedFrame] = field(default_factory=lambda: deque(maxlen=2 * REACH + 1))
    _judged: int = 0

    def add(self, picture: Pixels, number: int, time: float) -> Iterator[Cut]:
        """Add the next frame, BGR and uint8 [54, 96, 3]; yield the frame that is judged now, if it stands out."""
        look = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV).astype(np.int16)
        difference = _difference(look, self._window[-1].look) if self._window else 0.0
        self._window.append(_ComparedFrame(number, time, look, difference))
        if len(self._window) > REACH:
            yield from self._judge(len(self._window) - 1 - REACH)

    def finish(self) -> Iterator[Cut]:
        """Yield those of the last frames that stand out."""
        for position in range(len(self._window)):
            if self._window[position].number > self._judged:
                yield from self._judge(position)

    def _judge(self, position: int) -> Iterator[Cut]:
        frame = self._window[position]
        self._judged = frame.number
        if self._stands_out(position):
            yield Cut(frame.number, frame.time, frame.difference)

    def _stands_out(self, position: int) -> bool:
        difference = self._window[position].difference
        if difference < self.threshold:
            return False
        first = max(0, position - REACH)
        around = [seen.difference for seen in list(self._window)[first : position + REACH + 1]]
        own = position - first
        others = around[:own] + around[own + 1 :]
        usual = max(float(np.median(others)), QUIET) if others else QUIET
        strongest = difference >= max(others[max(0, own - 2) : own + 2], default=0.0)
        return strongest and difference >= CONTRAST * usual and not self._returns(position)

    def _returns(self, position: int) -> bool:
        """Return whether a frame after the candidate resembles one before it: then it was a flash or a glitch, not a
        cut.
        """
        seen = list(self._window)
        limit = seen[position].difference / 2
        before, after = seen[max(0, position - REACH + 1) : position], seen[position : position + REACH]
        return any(_difference(one.look, other.look) < limit for one in before for other in after)


@dataclass
class CutDetector:
    """Chooses the cuts among the frames that stand out.

    Attributes:
        minimum_shot_seconds: a cut sooner than this after the start of a shot is ignored.
        shot_start: time at which the current shot began; None before the first frame.
        is_local: whether a cut must also be that long after the last frame that stood out, so that it depends on frames
            nearby only.
    """

    minimum_shot_seconds: float
    shot_start: float | None = None
    is_local: bool = False

    def add(self, time: float, standing_out: Iterable[Cut]) -> Iterator[Cut]:
        """Add the frames that were found to stand out with the next frame, at ``time``; yield the cuts."""
        if self.shot_start is None:
            self.shot_start = time
        for each in standing_out:
            is_cut = each.time - self.shot_start >= self.minimum_shot_seconds
            if is_cut or self.is_local:
                self.shot_start = each.time
            if is_cut:
                yield each


STATE_CLASSES = (CutMeter, CutDetector, Cut, _ComparedFrame)
"""Classes of the objects that a `CutMeter` and a `CutDetector` have."""


def _difference(one: _CutFeatures, other: _CutFeatures) -> float:
    """Return the mean change of hue, saturation and value, each on a scale of 0 to 255.

    Hue is a circle of 180 steps and weighted by the saturation of both colours, because the hue of grey is noise.
    """
    change = np.abs(one - other)
    turn = np.minimum(change[..., 0], 180 - change[..., 0]) * (255 / 90)
    hue = (turn * np.minimum(one[..., 1], other[..., 1])).mean() / 255
    return float(hue + change[..., 1].mean() + change[..., 2].mean()) / 3
