"""Video tracker: detect and track the objects of one video, and label every frame."""

import math
from collections.abc import Container, Iterator, Sequence
from typing import Protocol

from voxel51.analytics.shot_detection.shot_ends import FRAMES_BEFORE, ShotEnds
from voxel51.analytics.tracking.interpolation import TrackedBox, TrackInterpolator
from voxel51.analytics.tracking.sparse_looks import Look, Seen, SparseLooks
from voxel51.analytics.tracking.stationary import StationaryFilter
from voxel51.analytics.tracking.tracker_state import TrackerState
from voxel51.labels.attributes import BooleanAttribute
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import Frame, Pixels
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoFrame
from voxel51.platform.checkpoint import Checkpoint
from voxel51.platform.selection import Sampler
from voxel51.platform.tracking.appearance import Looks
from voxel51.platform.tracking.box_tracker import BoxTracker
from voxel51.platform.tracking.detections import Detections
from voxel51.platform.tracking.track import Track
from voxel51.platform.video import Video

MAX_HIDDEN_SECONDS = 1.2
"""Maximum time for which an object may be hidden and keep its track."""

LONGEST_GAP_SECONDS = 0.6
"""Maximum time for which a hidden object is labelled at its interpolated position."""

LONGEST_GAP_BY_APPEARANCE_SECONDS = 1.2
"""The same if colours confirm that it is the same object."""

MAX_LOST_SECONDS = 2.0
"""Maximum time for which an object may be hidden and continue its track where its colours are seen nearby."""

MAX_HIDDEN_FRAMES = 300
"""Limit of memory for files that declare an absurd frame rate."""

JUDGED_SECONDS = 2.0
"""A track that does not move for so long is stationary."""

MAX_HELD_SECONDS = 60.0
"""Time for which the boxes of a stationary track are kept, in case it turns out to be true."""

MAX_HELD_FRAMES = 3000
"""The same limit in frames, for high frame rates."""

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


class VideoTracker:
    """Tracker that analyses every ``stride``-th frame of a video, or as few as its job requests, and both ends of
    shots.

    With ``uses_appearance``, the colours of objects take part in the matching. With a ``stationary_level``, tracks that
    do not move are dropped unless their confidence exceeds it for a while. With ``wanted``, only tracks of these
    classes (positions in the detector's names) are labelled. With ``skips_unchanged``, frames between two that show the
    same are not analysed; the detector must not depend on the order of frames.

    The state is saved in checkpoints: after each analysed frame or, if the detector remembers frames, after each shot.
    """

    def __init__(
        self,
        video: Video,
        checkpoint: Checkpoint,
        detector: FrameDetector,
        sure_score: float,
        stride: int = 1,
        *,
        uses_appearance: bool = False,
        stationary_level: float | None = None,
        wanted: Container[int] | None = None,
        skips_unchanged: bool = False,
    ) -> None:
        self._video = video
        self._checkpoint = checkpoint
        self._detector = detector
        self._stride = stride
        self._uses_appearance = uses_appearance
        self._wanted = wanted
        rate, fps = video.metadata.frame_rate or 25.0, video.selection.fps
        interval = stride if fps is None else max(stride, math.ceil(rate / fps))
        most_held = max(1, int(rate * MOST_SKIPPED_SECONDS / interval)) if skips_unchanged else 1
        self._looks = SparseLooks(detector.find, sure_score * NOTICED_SHARE, most_held)
        max_hidden = max(min(round(rate * MAX_HIDDEN_SECONDS), MAX_HIDDEN_FRAMES), 2 * interval)
        max_lost = max(max_hidden, min(round(rate * MAX_LOST_SECONDS), MAX_HIDDEN_FRAMES) if uses_appearance else 0)
        stationary = None
        if stationary_level is not None:
            longest_held = min(round(rate * MAX_HELD_SECONDS), MAX_HELD_FRAMES)
            stationary = StationaryFilter[TrackedBox](stationary_level, round(rate * JUDGED_SECONDS), longest_held)
        tracker = BoxTracker(sure_score, max_hidden, max_lost, rate)
        gap_seconds = LONGEST_GAP_BY_APPEARANCE_SECONDS if uses_appearance else LONGEST_GAP_SECONDS
        interpolator = TrackInterpolator(max(round(rate * gap_seconds), interval), max_lost, stationary)
        self._state = TrackerState(tracker, interpolator, Sampler(fps)).restored(checkpoint.load(None))

    @property
    def numbers(self) -> set[int]:
        """Numbers of the tracks so far."""
        return self._state.numbers

    def frames(self) -> Iterator[VideoFrame]:
        """Yield the frames with objects, labelled, in order. Tracks end at cuts."""
        for frame_number, tracked_boxes in self._tracked_boxes():
            boxes = [each for each in tracked_boxes if self._wanted is None or each.track.class_index in self._wanted]
            if not boxes:
                continue
            self.numbers.update(tracked.track.number for tracked in boxes)
            yield VideoFrame(frame_number=frame_number, objects=list(self._objects(frame_number, boxes)))

    def _tracked_boxes(self) -> Iterator[tuple[int, list[TrackedBox]]]:
        state = self._state
        shots = ShotEnds(state.frame_number, state.shot_start)
        for frame, ends_shot in shots.mark(self._frames()):
            state.first_of_shot = state.first_of_shot or frame.number
            is_due = (frame.number - state.first_of_shot) % self._stride == 0 and state.sampler.takes(frame.time)
            if ends_shot or is_due:
                look = Look(frame.number, frame.small(*self._detector.picture_size))
                for seen in self._looks.add(look, ends_shot=ends_shot):
                    tracks = self._tracks_in(seen)
                    yield from state.interpolator.add(tracks, seen.look.frame_number)
            if ends_shot:
                yield from state.interpolator.finish_shot(tracks)
                state.tracker.forget()
                self._detector.start_shot()
                state.first_of_shot, state.sampler = None, Sampler(self._video.selection.fps)
            has_looked = is_due and not self._looks.is_holding and not self._detector.remembers
            if (ends_shot or has_looked) and not shots.is_finishing:
                self._save(frame.number, shots.shot_start)

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
        if frame_number > FRAMES_BEFORE:
            self._checkpoint.save(state.plain, frame=frame_number - FRAMES_BEFORE)

    def _tracks_in(self, seen: Seen) -> list[Track]:
        looks = Looks.of(seen.look.picture, seen.found.boxes) if self._uses_appearance else None
        return self._state.tracker.step(seen.look.frame_number, seen.found, looks)

    def _objects(self, frame_number: int, boxes: list[TrackedBox]) -> Iterator[DetectedObject]:
        width, height = self._detector.picture_size
        for tracked in boxes:
            left, top, right, bottom = (float(side) for side in tracked.box)
            box = BoundingBox.clipped(left / width, top / height, right / width, bottom / height)
            if box is not None:
                filled_in = [] if tracked.observed else [BooleanAttribute(name="interpolated", value=True)]
                yield DetectedObject(
                    label=self._detector.names[tracked.track.class_index],
                    bounding_box=self._video.selection.to_whole_frame(box),
                    confidence=round(tracked.score, 3),
                    index=tracked.track.number,
                    frame_number=frame_number,
                    attributes=[*filled_in],
                )
