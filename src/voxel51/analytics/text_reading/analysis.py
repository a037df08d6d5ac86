"""Text analysis: the readings of sampled frames, and the exact frames in which texts start and end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self  # plain values of any shape

import cv2

from voxel51.analytics.text_reading.frame_window import FrameWindow
from voxel51.analytics.text_reading.reader import Reading, TextReader
from voxel51.analytics.text_reading.text_tracker import Moment, TextTracker
from voxel51.labels.field_types import JsonValue
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import Frame, Pixels, resized
from voxel51.platform.selection import Sampler
from voxel51.platform.video import Video

DEFAULT_RATE = 5.0
"""Frames per second that are analysed by default. Signs in moving pictures may be legible for a fifth of a second."""

UNCHANGED = 12
"""If no pixel of the brightness at 320 by 180 changes by more, of 255, the text is the same."""

REUSED_FRAMES = 100
"""Analysed frames after which a text is read again at the latest: every hundredth one, counted from the first that the
job selects. A part of a split job so knows which frame was read before its own.
"""


@dataclass(frozen=True, slots=True)
class FrameReadings:
    """Readings of an analysed frame, and what happened since the one before it.

    Attributes:
        time: of the frame, in seconds.
        readings: lines of text in it.
        starts: for each new text, in the order of the readings, the frame between in which it starts, if any.
        ends: for each text of the frame before that is not in this one, the frame between in which it ends, if any.
        is_end: whether the video ends here: all texts do then, and there is no frame.
    """

    time: float
    readings: Sequence[Reading] = ()
    starts: Sequence[Moment | None] = ()
    ends: Sequence[Moment | None] = ()
    is_end: bool = False

    def plain(self) -> list[Any]:
        """Return plain values."""
        readings = [
            [each.text, each.score, each.box.left, each.box.top, each.box.right, each.box.bottom]
            for each in self.readings
        ]
        return [self.time, readings, self.starts, self.ends, self.is_end]

    @classmethod
    def of(cls, values: Sequence[Any]) -> Self:
        """Return the readings that have these plain values."""
        time, readings, starts, ends, is_end = values
        found = [Reading(text, score, BoundingBox(*corners)) for text, score, *corners in readings]
        return cls(time, found, [_moment(each) for each in starts], [_moment(each) for each in ends], is_end)


def _moment(values: Sequence[Any] | None) -> Moment | None:
    return None if values is None else (values[0], values[1])


@dataclass
class LastRead:
    """Brightness of the last frame that was read, at 320 by 180, and its readings."""

    seen: Pixels | None = None
    readings: Sequence[Reading] = ()


@dataclass
class AnalysisState:
    """State after an analysed frame: ``place`` counts the frames of the range, ``analysed`` those that were
    analysed.
    """

    sampler: Sampler
    tracker: TextTracker = field(default_factory=TextTracker)
    last: LastRead = field(default_factory=LastRead)
    place: int = 0
    analysed: int = 0


class TextAnalysis:
    """Analysis of a video. Its tracker knows only which texts are in two analysed frames, so that a part of a video is
    analysed as it is in the whole one.

    With ``named``, the frames with these numbers are analysed instead of those at a rate, and no frame between is read.

    Attributes:
        state: state before the first frame.
    """

    def __init__(
        self,
        video: Video,
        given: Mapping[str, JsonValue],
        reader: TextReader,
        named: frozenset[int] | None = None,
    ) -> None:
        self._named = named
        self._video = video
        self._given = given
        self._reader = reader
        self._stride = int(given.get("frame_stride") or 1)
        self._is_at_rate = video.selection.fps is not None
        self._read_from = 0  # frames before are only compared
        self.state = AnalysisState(self._sampler())
        self._widen_part()
        first = 1 if video.part is None else video.part.selected_first
        for number, time in enumerate(video.times_before(), first):
            self.state.analysed += self._is_analysed(self.state, number, time)

    def readings(self, state: AnalysisState) -> Iterator[tuple[int, FrameReadings]]:
        """Yield the numbers and readings of analysed frames; at the end those of the end of the video."""
        video, tracker, window = self._video, state.tracker, FrameWindow(self._read)
        comparison = _ChangedFrames(self._read, state.last)
        for frame in video.every_frame():
            if not self._is_analysed(state, frame.number, frame.time):
                if self._named is None:
                    window.add(frame)
                continue
            is_fresh = state.analysed % REUSED_FRAMES == 0
            state.analysed += 1
            if frame.number < self._read_from:
                comparison.compare(frame, is_fresh=is_fresh)
                continue
            readings = comparison.read(frame, is_fresh=is_fresh)
            tracks, ended = tracker.add(frame.number, frame.time, readings)
            new = [each for each in tracks if each.first == frame.number]
            starts = [_at(window.first_with(each.has)) for each in new]
            ends = [_at(window.last_with(each.has)) for each in ended]
            window.clear()
            yield frame.number, FrameReadings(frame.time, readings, starts, ends)
        # The last texts of a part that others follow are looked for by the next part.
        if video.part is None or video.part.is_last:
            ends = [_at(window.last_with(each.has)) for each in tracker.finish()]
            yield video.last_number, FrameReadings(video.last_time, ends=ends, is_end=True)

    def _read(self, frame: Frame) -> list[Reading]:
        found = self._reader.read(frame.image(), float(self._given["confidence"]))
        return [each for each in found if _characters(each.text) >= int(self._given["minimum_characters"])]

    def _sampler(self) -> Sampler:
        rate = self._video.selection.fps
        return Sampler(rate if rate is not None or self._given.get("frame_stride") is not None else DEFAULT_RATE)

    def _is_analysed(self, state: AnalysisState, number: int, time: float) -> bool:
        """Return whether the next frame is: if it is named, or at the requested rate, or every ``frame_stride``-th, or
        at the default rate.
        """
        if self._named is not None:
            return number in self._named
        place, state.place = state.place, state.place + 1
        return state.sampler.takes(time) and (self._is_at_rate or place % self._stride == 0)

    def _widen_part(self) -> None:
        """Let a part begin where the last frame that was read before its own is certain: a text is read again there."""
        part = self._video.part
        if part is None:
            return
        state = AnalysisState(self._sampler())
        selected = range(part.selected_first, part.core_first)
        before = [number for number in selected if self._is_analysed(state, number, part.times[number - 1])]
        if before:
            certain = (len(before) - 1) // REUSED_FRAMES * REUSED_FRAMES
            part.widen_frames(part.core_first - before[certain], 0)
            self._read_from = before[-1]


class _ChangedFrames:
    """Reads frames, and reuses the readings of the last one if a frame looks the same."""

    def __init__(self, read: Callable[[Frame], Sequence[Reading]], last: LastRead) -> None:
        self._read = read
        self._last = last
        self._unread: Frame | None = None

    def compare(self, frame: Frame, *, is_fresh: bool) -> None:
        """Compare the frame with the last one that is to be read. It is read when that is needed."""
        small, last = resized(frame.luma(), 320, 180), self._last
        if is_fresh or last.seen is None or cv2.norm(small, last.seen, cv2.NORM_INF) > UNCHANGED:
            last.seen, self._unread = small, frame

    def read(self, frame: Frame, *, is_fresh: bool) -> Sequence[Reading]:
        """Return the readings of the frame."""
        self.compare(frame, is_fresh=is_fresh)
        if self._unread is not None:
            self._last.readings, self._unread = self._read(self._unread), None
        # The tracker tells readings of one frame apart by identity, so a repeated one must be a new object.
        return [replace(each) for each in self._last.readings]


def _at(frame: Frame | None) -> Moment | None:
    return None if frame is None else (frame.number, frame.time)


def _characters(text: str) -> int:
    """Return the number of letters and digits: blinds, fences and bricks are read as dashes and dots."""
    return sum(map(str.isalnum, text))
