"""Shot ends: mark the last frame of each shot, for analytics that must not track across a cut."""

from collections import deque
from collections.abc import Iterable, Iterator

from voxel51.analytics.shot_detection.cut_detector import PICTURE_SIZE, REACH, CutDetector
from voxel51.labels.media.frame import Frame

THRESHOLD = 10.0
SHORTEST_SECONDS = 0.2


def with_shot_ends(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Yield every frame, and whether it is the last of its shot; the last frame of the video always is.

    A cut is certain only some frames later, so frames are delayed: about `REACH` of them are in memory.
    """
    detector = CutDetector(THRESHOLD, SHORTEST_SECONDS)
    held: deque[Frame] = deque()
    starts: set[int] = set()
    for frame in frames:
        held.append(frame)
        starts.update(cut.number for cut in detector.add(frame.small(*PICTURE_SIZE), frame.number, frame.time))
        if len(held) > REACH + 1:
            yield _marked(held.popleft(), starts)
    starts.update(cut.number for cut in detector.finish())
    while held:
        frame = held.popleft()
        yield (frame, True) if not held else _marked(frame, starts)


def _marked(frame: Frame, starts: set[int]) -> tuple[Frame, bool]:
    starts.discard(frame.number)
    return frame, frame.number + 1 in starts
