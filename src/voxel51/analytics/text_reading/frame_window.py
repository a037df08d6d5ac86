"""Frame window: the frames between two analysed ones, in which the exact start or end of a text is searched."""

from collections.abc import Callable, Sequence

from voxel51.analytics.text_reading.reader import Reading
from voxel51.labels.media.frame import Frame

MOST_BYTES = 256 * 1024**2
"""Maximum size of the decoded frames that are kept. With more, starts and ends are exact to some frames only."""

_BYTES_PER_PIXEL = 1.5


class FrameWindow:
    """Frames since the last analysed one, oldest first."""

    def __init__(self, read: Callable[[Frame], Sequence[Reading]]) -> None:
        self._read = read
        self._frames: list[Frame] = []
        self._step, self._skipped = 1, 0
        self._readings: dict[int, Sequence[Reading]] = {}

    def add(self, frame: Frame) -> None:
        """Add the next frame that is not analysed."""
        self._skipped += 1
        if self._skipped % self._step:
            return
        self._frames.append(frame)
        width, height = frame.size
        if len(self._frames) * width * height * _BYTES_PER_PIXEL > MOST_BYTES and len(self._frames) > 1:
            # Keep every second frame, and half of those to come.
            self._frames, self._step = self._frames[1::2], self._step * 2

    def clear(self) -> None:
        """Start after the next analysed frame."""
        self._frames, self._step, self._skipped = [], 1, 0
        self._readings = {}

    def first_with(self, is_same: Callable[[Reading], bool]) -> Frame | None:
        """Return the first frame from which a text is visible until the end of the window; None if it is in none."""
        count = self._count_with(list(reversed(self._frames)), is_same)
        return self._frames[-count] if count else None

    def last_with(self, is_same: Callable[[Reading], bool]) -> Frame | None:
        """Return the last frame until which a text is visible from the start of the window; None if it is in none."""
        count = self._count_with(self._frames, is_same)
        return self._frames[count - 1] if count else None

    def _count_with(self, frames: Sequence[Frame], is_same: Callable[[Reading], bool]) -> int:
        """Return the number of frames at the beginning of ``frames`` with the text, by bisection: the text is visible
        in the frame before them.
        """
        low, high = 0, len(frames)  # it is in the first ``low`` frames, and not in frame ``high``, counted from 0
        if frames and self._has(frames[-1], is_same):
            return len(frames)
        high = max(high - 1, 0)
        while low < high:
            middle = (low + high) // 2
            if self._has(frames[middle], is_same):
                low = middle + 1
            else:
                high = middle
        return low

    def _has(self, frame: Frame, is_same: Callable[[Reading], bool]) -> bool:
        if frame.number not in self._readings:
            self._readings[frame.number] = self._read(frame)
        return any(is_same(each) for each in self._readings[frame.number])
