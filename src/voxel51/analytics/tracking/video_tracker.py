"""Finds and follows the things of one video, and labels every frame."""

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

from voxel51.analytics.detectors.detections import Detections
from voxel51.analytics.shot_detection.shot_ends import with_shot_ends
from voxel51.analytics.tracking.interpolation import TrackedBox, TrackInterpolator
from voxel51.analytics.tracking.tracker import Tracker
from voxel51.labels.attributes import BooleanAttribute
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import Frame
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoFrame
from voxel51.platform.frames import InputVideo
from voxel51.platform.selection import Sampler

PATIENCE_SECONDS = 1.2
"""How long a thing may be hidden and still be the same when it comes back."""

LONGEST_GAP_SECONDS = 0.6
"""How long a thing may be hidden and still be labelled, where it must have been."""

MOST_PATIENCE_FRAMES = 300
"""Bounds memory where a file claims an absurd frame rate."""


class FrameDetector(Protocol):
    """Finds things in single frames.

    Attributes:
        names: of the classes, by their index.
        picture_size: width and height, in pixels, of the picture in which boxes are.
    """

    names: Sequence[str]
    picture_size: tuple[int, int]

    def find(self, frame: Frame) -> Detections:
        """What is in ``frame``."""

    def start_shot(self) -> None:
        """The next frame has nothing to do with those before."""


class VideoTracker:
    """Looks at every ``stride``-th frame of a video, or as few as its job asks for, and at the ends of shots.

    Attributes:
        numbers: of the tracks so far.
    """

    def __init__(self, video: InputVideo, finder: FrameDetector, sure_score: float, stride: int = 1) -> None:
        self.numbers: set[int] = set()
        self._video = video
        self._finder = finder
        self._stride = stride
        rate, fps = video.metadata.frame_rate or 25.0, video.selection.fps
        interval = stride if fps is None else max(stride, math.ceil(rate / fps))
        patience = max(min(round(rate * PATIENCE_SECONDS), MOST_PATIENCE_FRAMES), 2 * interval)
        self._tracker = Tracker(sure_score=sure_score, patience_frames=patience)
        self._trajectories = TrackInterpolator(max(round(rate * LONGEST_GAP_SECONDS), interval), patience)

    def frames(self) -> Iterator[VideoFrame]:
        """The frames in which things are, labelled, in order. Nothing is followed across a cut."""
        for frame_number, things in self._placed():
            self.numbers.update(thing.track.number for thing in things)
            yield VideoFrame(frame_number=frame_number, objects=list(self._objects(frame_number, things)))

    def _placed(self) -> Iterator[tuple[int, list[TrackedBox]]]:
        shot_start, sampler = None, Sampler(self._video.selection.fps)
        for frame, ends_shot in with_shot_ends(self._video):
            shot_start = shot_start or frame.number
            if ends_shot or ((frame.number - shot_start) % self._stride == 0 and sampler.takes(frame.time)):
                tracks = self._tracker.step(frame.number, self._finder.find(frame))
                yield from self._trajectories.add(tracks, frame.number)
            if ends_shot:
                yield from self._trajectories.finish_shot(tracks)
                self._tracker.forget()
                self._finder.start_shot()
                shot_start, sampler = None, Sampler(self._video.selection.fps)

    def _objects(self, frame_number: int, things: list[TrackedBox]) -> Iterator[DetectedObject]:
        width, height = self._finder.picture_size
        for thing in things:
            left, top, right, bottom = (float(side) for side in thing.box)
            box = BoundingBox.clipped(left / width, top / height, right / width, bottom / height)
            if box is not None:
                filled_in = [] if thing.seen else [BooleanAttribute(name="interpolated", value=True)]
                yield DetectedObject(
                    label=self._finder.names[thing.track.class_index],
                    bounding_box=self._video.selection.to_whole_frame(box),
                    confidence=round(thing.score, 3),
                    index=thing.track.number,
                    frame_number=frame_number,
                    attributes=[*filled_in],
                )
