"""Video tracker: join the detections in the frames of one video to tracks, and label every frame."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self  # plain values of any shape

from voxel51.analytics.tracking.interpolation import TrackedBox, TrackInterpolator
from voxel51.analytics.tracking.look_analysis import ShotStep, TrackingOptions
from voxel51.analytics.tracking.stationary import StationaryFilter
from voxel51.analytics.tracking.tracker_state import TrackerState
from voxel51.labels.attributes import BooleanAttribute
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoFrame
from voxel51.platform.selection import Sampler
from voxel51.platform.tracking.box_tracker import BoxTracker
from voxel51.platform.tracking.track import Track
from voxel51.platform.video import VideoFacts

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


@dataclass(frozen=True, slots=True)
class TrackedClasses:
    """Classes of a detector.

    Attributes:
        names: by index.
        picture_size: width and height of the images in whose pixels boxes are.
        wanted: positions of the classes whose tracks are labelled; None for all.
        model: name of the model, for the message of the job.
    """

    names: Sequence[str]
    picture_size: tuple[int, int]
    wanted: frozenset[int] | None = None
    model: str = ""

    def plain(self) -> dict[str, Any]:
        """Return plain values."""
        wanted = None if self.wanted is None else sorted(self.wanted)
        return {"names": [*self.names], "picture_size": self.picture_size, "wanted": wanted, "model": self.model}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the classes that have these plain values."""
        width, height = values["picture_size"]
        wanted = None if values["wanted"] is None else frozenset(values["wanted"])
        return cls(values["names"], (width, height), wanted, values["model"])


class VideoTracker:
    """Tracker of the objects of a video, from the looks at its frames. Tracks end at cuts."""

    def __init__(
        self,
        video: VideoFacts,
        options: TrackingOptions,
        classes: TrackedClasses,
        saved: Mapping[str, Any] | None = None,
    ) -> None:
        self._video = video
        self._classes = classes
        rate, interval = video.metadata.frame_rate or 25.0, options.interval(video)
        uses_appearance, level = options.uses_appearance, options.stationary_level
        max_hidden = max(min(round(rate * MAX_HIDDEN_SECONDS), MAX_HIDDEN_FRAMES), 2 * interval)
        max_lost = max(max_hidden, min(round(rate * MAX_LOST_SECONDS), MAX_HIDDEN_FRAMES) if uses_appearance else 0)
        stationary = None
        if level is not None:
            longest_held = min(round(rate * MAX_HELD_SECONDS), MAX_HELD_FRAMES)
            stationary = StationaryFilter[TrackedBox](level, round(rate * JUDGED_SECONDS), longest_held)
        tracker = BoxTracker(options.sure_score, max_hidden, max_lost, rate)
        gap_seconds = LONGEST_GAP_BY_APPEARANCE_SECONDS if uses_appearance else LONGEST_GAP_SECONDS
        interpolator = TrackInterpolator(max(round(rate * gap_seconds), interval), max_lost, stationary)
        self.state = TrackerState(tracker, interpolator, Sampler(video.selection.fps)).restored(saved)

    @property
    def numbers(self) -> set[int]:
        """Numbers of the tracks so far."""
        return self.state.numbers

    def frames(self, steps: Iterable[tuple[int, ShotStep]]) -> Iterator[VideoFrame]:
        """Yield the frames with objects, labelled, in order."""
        wanted = self._classes.wanted
        for frame_number, tracked_boxes in self._tracked_boxes(steps):
            boxes = [each for each in tracked_boxes if wanted is None or each.track.class_index in wanted]
            if not boxes:
                continue
            self.numbers.update(tracked.track.number for tracked in boxes)
            yield VideoFrame(frame_number=frame_number, objects=list(self._objects(frame_number, boxes)))

    def _tracked_boxes(self, steps: Iterable[tuple[int, ShotStep]]) -> Iterator[tuple[int, list[TrackedBox]]]:
        tracker, interpolator = self.state.tracker, self.state.interpolator
        for _, step in steps:
            tracks: list[Track] = []
            for each in step.seen:
                tracks = tracker.step(each.frame_number, each.found, each.looks)
                yield from interpolator.add(tracks, each.frame_number)
            if step.ends_shot:  # its last frame is always looked at
                yield from interpolator.finish_shot(tracks)
                tracker.forget()

    def _objects(self, frame_number: int, boxes: list[TrackedBox]) -> Iterator[DetectedObject]:
        width, height = self._classes.picture_size
        for tracked in boxes:
            left, top, right, bottom = (float(side) for side in tracked.box)
            box = BoundingBox.clipped(left / width, top / height, right / width, bottom / height)
            if box is not None:
                filled_in = [] if tracked.observed else [BooleanAttribute(name="interpolated", value=True)]
                yield DetectedObject(
                    label=self._classes.names[tracked.track.class_index],
                    bounding_box=self._video.selection.to_whole_frame(box),
                    confidence=round(tracked.score, 3),
                    index=tracked.track.number,
                    frame_number=frame_number,
                    attributes=[*filled_in],
                )
