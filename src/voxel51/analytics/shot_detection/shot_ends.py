"""Shot ends: mark the last frame of each shot, for analytics that must not track across a cut."""

from collections import deque
from collections.abc import Iterable, Iterator

from voxel51.analytics.shot_detection.cut_detector import PICTURE_SIZE, REACH, CutDetector, CutMeter
from voxel51.labels.media.frame import Frame

THRESHOLD = 10.0
SHORTEST_SECONDS = 0.2

FRAMES_BEFORE = REACH + 2
"""Frames before a frame that decide, with those after it, whether it is the last of its shot."""


class ShotEnds:
    """Marks the last frames of shots.

    A cut is certain only some frames later, so frames are delayed: about `REACH` of them are in memory.

    Args:
        resumed_after: number of the last frame that an earlier run dealt with; 0 to begin.
        shot_start: what that run had as `shot_start` then.

    Attributes:
        is_finishing: whether the last frame was read. It is not possible to go on after one of the remaining frames.
    """

    def __init__(self, resumed_after: int = 0, shot_start: float | None = None) -> None:
        self._meter = CutMeter(THRESHOLD)
        self._detector = CutDetector(SHORTEST_SECONDS, is_local=True)
        self._resumed_after = resumed_after
        self._shot_start = shot_start
        self.is_finishing = False

    @property
    def shot_start(self) -> float | None:
        """Time at which the shot began that the detector of cuts looks at."""
        return self._detector.shot_start

    def mark(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
        """Yield every frame, and whether it is the last of its shot; the last frame of the video always is.

        A run that goes on is given the `FRAMES_BEFORE` frames before the first one that it deals with, too.
        """
        held: deque[Frame] = deque()
        starts: set[int] = set()
        for frame in frames:
            held.append(frame)
            standing_out = self._meter.add(frame.small(*PICTURE_SIZE), frame.number, frame.time)
            starts.update(cut.number for cut in self._detector.add(frame.time, standing_out))
            if len(held) <= REACH + 1:
                continue
            oldest = held.popleft()
            if oldest.number > self._resumed_after:
                yield _marked(oldest, starts)
            elif oldest.number == self._resumed_after:  # cuts until now were found from too few frames
                self._detector.shot_start = self._shot_start
                starts.clear()
        self.is_finishing = True
        if held:
            starts.update(cut.number for cut in self._detector.add(held[-1].time, self._meter.finish()))
        while held:
            frame = held.popleft()
            if frame.number > self._resumed_after:
                yield (frame, True) if not held else _marked(frame, starts)


def _marked(frame: Frame, starts: set[int]) -> tuple[Frame, bool]:
    starts.discard(frame.number)
    return frame, frame.number + 1 in starts
