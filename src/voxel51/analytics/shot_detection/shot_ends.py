"""Frames with the ends of shots marked, for analytics that must not look across a cut."""

from collections import deque
from collections.abc import Iterable, Iterator

from voxel51.analytics.shot_detection.cut_detector import PICTURE_SIZE, REACH, CutDetector
from voxel51.labels.media.frame import Frame

THRESHOLD = 10.0
SHORTEST_SECONDS = 0.2


def with_shot_ends(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Every frame, with whether it is the last of its shot; the video's last frame always is.

    A cut is certain some frames after it happened, so frames come that much later: about `REACH` of them are held.
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
