"""Frames of a part: which frames of a video one part of a split job reads, and which of them are its own."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from voxel51.labels.media.packet_index import PacketIndex
from voxel51.labels.media.video_reader import VideoReader
from voxel51.platform.errors import InvalidInput
from voxel51.platform.frame_part import FramePart
from voxel51.platform.selection import Sampler, Selection


@dataclass(slots=True)
class PartFrames:
    """Frames of a part, by number.

    Attributes:
        times: of all frames of the video, from frame 1.
        index: packets of the video; None if decoding must begin with the first frame.
        selected_first, selected_last: the range that the job selects in the whole video.
        core_first, core_last: frames of this range that the part answers for.
        first, last: frames that it reads.
    """

    times: "array[float]"
    index: PacketIndex | None
    selected_first: int
    selected_last: int
    core_first: int
    core_last: int
    first: int
    last: int

    @classmethod
    def of(cls, part: FramePart, selection: Selection, reader: VideoReader, path: Path) -> Self:
        """Return the frames of ``part``, which reads its overlap before and after its own.

        Raises:
            InvalidInput: the job selects none of them.
        """
        index = PacketIndex.of(path, reader.name, part.frame_count) if part.frame_count is not None else None
        times = reader.times(index) if index is not None else _decoded_times(path, reader.name)
        numbers = range(1, len(times) + 1)
        first = next((n for n in numbers if selection.begins_by(n, times[n - 1])), len(times) + 1)
        after = next((n for n in numbers[first - 1 :] if selection.ends_before(n, times[n - 1])), len(times) + 1)
        core_first, core_last = max(part.first_frame, first), min(part.last_frame, after - 1)
        if core_first > core_last:
            raise InvalidInput(
                f"part {part.number} of {part.count} has the frames {part.first_frame} to {part.last_frame}, of which "
                f"none is selected; the job selects {first} to {after - 1} of the {len(times)} frames"
            )
        frames = cls(times, index, first, after - 1, core_first, core_last, core_first, core_last)
        frames.widen_seconds(part.overlap_seconds)
        return frames

    @property
    def is_first(self) -> bool:
        """Whether no selected frame is before those of the part."""
        return self.core_first == self.selected_first

    @property
    def is_last(self) -> bool:
        """Whether no selected frame is after those of the part."""
        return self.core_last == self.selected_last

    def ends_before(self, number: int) -> bool:
        """Return whether the frame, and so every later one, is not read. The end of the video is read to the last."""
        return number > self.last and self.last < len(self.times)

    def has(self, number: int) -> bool:
        """Return whether the part answers for the frame with this number."""
        return self.core_first <= number <= self.core_last

    def widen_seconds(self, seconds: float) -> None:
        """Read at least the frames up to so many seconds before and after those of the part."""
        before = bisect_left(self.times, self.times[self.core_first - 1] - seconds) + 1
        after = bisect_left(self.times, self.times[self.core_last - 1] + seconds)
        self._widen(before, max(after, self.core_last))

    def widen_frames(self, before: int, after: int, taken: Sequence[int] | None = None) -> None:
        """Read at least so many frames before and after those of the part; with ``taken``, so many of these numbers."""
        if taken is None:
            self._widen(self.core_first - before, self.core_last + after)
            return
        place, end = bisect_left(taken, self.core_first), bisect_left(taken, self.core_last + 1)
        first = taken[max(0, place - before)] if taken else self.core_first
        self._widen(first, taken[min(end + after, len(taken)) - 1] if after and taken else self.core_last)

    def _widen(self, first: int, last: int) -> None:
        self.first = max(self.selected_first, min(self.first, first))
        self.last = min(self.selected_last, max(self.last, last))

    def taken_by(self, sampler: Sampler) -> list[int]:
        """Return the selected frames that ``sampler`` takes, in the whole video."""
        return [n for n in range(self.selected_first, self.selected_last + 1) if sampler.takes(self.times[n - 1])]

    def times_before(self) -> Iterable[float]:
        """Return the times of the selected frames before the first one that is read."""
        return self.times[self.selected_first - 1 : self.first - 1]


def _decoded_times(path: Path, name: str) -> "array[float]":
    """Return the times of all frames, by decoding them."""
    with VideoReader(path, name) as reader:
        return array("d", (frame.time for frame in reader))
