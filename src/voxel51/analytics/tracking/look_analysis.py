"""Look analysis: detect the objects of one video, shot by shot, in as few frames as its job needs.

The frames that are looked at are counted from the first frame that the job selects, and what is found in them depends
on frames nearby only. A part of a split job so finds in its frames what is found in the whole video.
"""

import math
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self  # plain values of any shape

import numpy as np
from numpy.typing import NDArray

from voxel51.analytics.shot_detection.cut_detector import REACH
from voxel51.analytics.shot_detection.shot_ends import FRAMES_BEFORE, SHORTEST_SECONDS, ShotEnds
from voxel51.analytics.tracking.sparse_looks import Look, Seen, SparseLooks
from voxel51.analytics.tracking.tracker_state import TrackerState
from voxel51.labels.media.frame import Frame, Pixels
from voxel51.platform.checkpoint import Checkpoint
from voxel51.platform.selection import Sampler
from voxel51.platform.tracking.appearance import Looks
from voxel51.platform.tracking.detections import Detections
from voxel51.platform.video import Video, VideoFacts

MOST_SKIPPED_SECONDS = 0.4
"""A frame is analysed at least this often, however little happens."""

NOTICED_SHARE = 0.6
"""Detections with this share of the sure score are noticed when frames are skipped: an object that is unsure in one
frame may be sure in the next.
"""


class FrameDetector(Protocol):
    """Detector for the frames of one video.

    Attributes:
        names: of the classes, by index.
        picture_size: width and height, in pixels, to which frames are resized. Boxes are in pixels of these images.
        remembers: whether what it finds depends on earlier frames of the shot.
    """

    remembers: bool
    names: Sequence[str]
    picture_size: tuple[int, int]

    def find(self, picture: Pixels) -> Detections:
        """Return the detections in a frame (BGR, uint8 [H, W, 3]) of that size."""

    def start_shot(self) -> None:
        """Prepare for a new shot: the next frame is unrelated to earlier ones."""


@dataclass(frozen=True, slots=True)
class TrackingOptions:
    """Options of the tracking of one video.

    Attributes:
        sure_score: minimum score of a box that starts a track; other boxes only continue tracks.
        stride: every so manieth frame may be looked at.
        uses_appearance: whether the colours of objects take part in the matching.
        stationary_level: tracks that do not move are dropped unless their confidence exceeds it for a while; None to
            accept all.
        skips_unchanged: whether frames between two that show the same are not looked at. The detector must not depend
            on the order of frames.
        named_frames: numbers of the frames that are looked at, each by itself: none of their objects is tracked to
            another frame. None to look at frames by ``stride``.
    """

    sure_score: float
    stride: int = 1
    uses_appearance: bool = False
    stationary_level: float | None = None
    skips_unchanged: bool = False
    named_frames: frozenset[int] | None = None

    def interval(self, video: VideoFacts) -> int:
        """Return the number of frames from one that may be looked at to the next, about."""
        rate, fps = video.metadata.frame_rate or 25.0, video.selection.fps
        return self.stride if fps is None else max(self.stride, math.ceil(rate / fps))


@dataclass(frozen=True, slots=True)
class FoundObjects:
    """Detections in a frame, and the appearance of each if it is used."""

    frame_number: int
    found: Detections
    looks: Looks | None

    def plain(self) -> list[Any]:
        """Return plain values."""
        found, looks = self.found, self.looks
        look = None if looks is None else [_packed(looks.histograms), looks.are_alone.tolist()]
        return [self.frame_number, _packed(found.boxes), _packed(found.scores), found.classes.tolist(), look]

    @classmethod
    def of(cls, values: Sequence[Any]) -> Self:
        """Return the detections that have these plain values."""
        number, boxes, scores, classes, look = values
        found = Detections(_unpacked(boxes).reshape(-1, 4), _unpacked(scores), np.array(classes, np.int64))
        if look is None:
            return cls(number, found, None)
        histograms = _unpacked(look[0])
        histograms = histograms.reshape(len(found), -1) if len(found) else Looks.of(_NO_PICTURE, found.boxes).histograms
        return cls(number, found, Looks(histograms, np.array(look[1], np.bool_)))


_NO_PICTURE = np.zeros((1, 1, 3), np.uint8)


def _packed(values: NDArray[np.float32]) -> str:
    return b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


def _unpacked(text: str) -> NDArray[np.float32]:
    return np.frombuffer(b64decode(text), "<f4").astype(np.float32)


@dataclass(frozen=True, slots=True)
class ShotStep:
    """Looks that are known after a frame, in order, and whether a shot ends with it."""

    seen: Sequence[FoundObjects]
    ends_shot: bool

    def plain(self) -> list[Any]:
        """Return plain values."""
        return [[each.plain() for each in self.seen], self.ends_shot]

    @classmethod
    def of(cls, values: Sequence[Any]) -> Self:
        """Return the step that has these plain values."""
        seen, ends_shot = values
        return cls([FoundObjects.of(each) for each in seen], ends_shot)


class LookAnalysis:
    """Analysis of every ``stride``-th frame of a video, or of as few as its job requests, and of both ends of shots.

    The state is saved in checkpoints: after each analysed frame or, if the detector remembers frames, after each shot.
    """

    def __init__(
        self,
        video: Video,
        checkpoint: Checkpoint,
        detector: FrameDetector,
        options: TrackingOptions,
        state: TrackerState,
    ) -> None:
        self._video = video
        self._checkpoint = checkpoint
        self._detector = detector
        self._options = options
        rate = video.metadata.frame_rate or 25.0
        most_held = max(1, int(rate * MOST_SKIPPED_SECONDS / options.interval(video))) if options.skips_unchanged else 1
        self._looks = SparseLooks(detector.find, options.sure_score * NOTICED_SHARE, most_held)
        self._state = state
        if not checkpoint.is_resumed and options.named_frames is None:
            self._begin_part(most_held)
        self._looks.place = state.place

    def steps(self) -> Iterator[tuple[int, ShotStep]]:
        """Yield the numbers of the frames after which looks are known, and these."""
        if self._options.named_frames is not None:
            yield from self._named_steps(self._options.named_frames)
            return
        state = self._state
        shots = ShotEnds(state.frame_number, state.shot_start)
        for frame, ends_shot in shots.mark(self._frames()):
            state.first_frame = state.first_frame or frame.number
            is_counted = self._is_counted(frame.number, frame.time)
            is_due, state.starts_shot = is_counted or state.starts_shot, False
            if ends_shot or is_due:
                look = Look(frame.number, frame.small(*self._detector.picture_size))
                seen = [self._found(each) for each in self._looks.add(look, ends_shot=ends_shot, is_counted=is_counted)]
                if seen or ends_shot:
                    yield frame.number, ShotStep(seen, ends_shot)
            if ends_shot:
                self._detector.start_shot()
                state.starts_shot = True
            has_looked = is_due and not self._looks.is_holding and not self._detector.remembers
            if (ends_shot or has_looked) and not shots.is_finishing:
                self._save(frame.number, shots.shot_start)

    def _named_steps(self, named: frozenset[int]) -> Iterator[tuple[int, ShotStep]]:
        """Yield the looks at the frames with these numbers. Each is a shot of its own, because other shots may lie
        between two of them.
        """
        for frame in self._video.every_frame():
            if frame.number in named:
                picture = frame.small(*self._detector.picture_size)
                seen = Seen(Look(frame.number, picture), self._detector.find(picture))
                yield frame.number, ShotStep([self._found(seen)], ends_shot=True)
                self._detector.start_shot()
                self._checkpoint.save(self._state.plain)

    def _is_counted(self, number: int, time: float) -> bool:
        return (number - self._state.first_frame) % self._options.stride == 0 and self._state.sampler.takes(time)

    def _found(self, seen: Seen) -> FoundObjects:
        looks = Looks.of(seen.look.picture, seen.found.boxes) if self._options.uses_appearance else None
        return FoundObjects(seen.look.frame_number, seen.found, looks)

    def _frames(self) -> Iterator[Frame]:
        """Yield the frames of the video; if the job goes on, the picture of the last look is taken from its frame."""
        last, found = self._state.frame_number, self._state.last_found
        for frame in self._video.every_frame():
            if frame.number == last and found is not None:
                self._looks.go_on(Look(frame.number, frame.small(*self._detector.picture_size)), found)
            yield frame

    def _save(self, frame_number: int, shot_start: float | None) -> None:
        """Save a checkpoint, if one is due. The labels of all frames that are final were written before."""
        state = self._state
        state.frame_number, state.shot_start, state.last_found = frame_number, shot_start, self._looks.last_found
        state.place = self._looks.place
        if frame_number > FRAMES_BEFORE:
            self._checkpoint.save(state.plain, frame=frame_number - FRAMES_BEFORE)

    def _begin_part(self, most_held: int) -> None:
        """Let a part begin with a frame that is looked at in the whole video too, so that cuts are certain before the
        next such frame, from which on the part is analysed as the whole video is.
        """
        part, state = self._video.part, self._state
        if part is None:
            return
        state.first_frame = part.selected_first
        looked_at, place = [part.selected_first], 0
        for number in range(part.selected_first, part.core_first):
            if self._is_counted(number, part.times[number - 1]):
                if place % most_held == 0:
                    looked_at.append(number)
                place += 1
        certain = looked_at[-1]
        time = part.times[certain - 1] - SHORTEST_SECONDS - 0.1
        begins = [each for each in looked_at if each <= certain - FRAMES_BEFORE - REACH and part.times[each - 1] < time]
        part.widen_frames(part.core_first - (begins[-1] if begins else part.selected_first), 2 * REACH)
        state.sampler = Sampler(self._video.selection.fps)
        counted = [self._is_counted(part.selected_first + n, time) for n, time in enumerate(self._video.times_before())]
        state.place = sum(counted)
