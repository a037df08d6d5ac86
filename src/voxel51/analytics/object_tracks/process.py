"""One job of object tracking: frames are sampled, things are found in them and followed, every frame is labelled."""

import difflib
import math
from collections.abc import Iterator, Sequence

import numpy as np

from voxel51.analytics.object_tracks.coco import CLASS_NAMES
from voxel51.analytics.object_tracks.detections import Detections
from voxel51.analytics.object_tracks.nanodet import WEIGHTS, WEIGHTS_SHA256, NanoDet
from voxel51.analytics.object_tracks.tracker import Tracker
from voxel51.analytics.object_tracks.trajectories import Placed, Trajectories
from voxel51.analytics.shot_detection.shots import with_shot_ends
from voxel51.labels.attributes import BooleanAttribute
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.pictures import Frame
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoFrame
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.errors import InvalidInput
from voxel51.platform.frames import InputVideo, input_video
from voxel51.platform.job import Job
from voxel51.platform.selection import Sampler, Selection

UNSURE_SHARE = 0.5
"""Boxes of at least this share of the wanted confidence continue a track that a surer box began."""

PATIENCE_SECONDS = 1.2
"""How long a thing may be hidden and still be the same when it comes back."""

LONGEST_GAP_SECONDS = 0.6
"""How long a thing may be hidden and still be labelled, where it must have been."""

MOST_PATIENCE_FRAMES = 300
"""Bounds memory where a file claims an absurd frame rate."""


def process(job: Job) -> None:
    """Follow the things in the input ``video`` and leave them at the output ``labels``."""
    given = job.parameters
    wanted = _class_indexes(given.get("classes") or CLASS_NAMES)
    with (
        input_video(job) as video,
        VideoLabelsWriter.open(job.output("labels"), video.filename) as labels,
    ):
        following = _Following(video, float(given["confidence"]), int(given["frame_stride"]), wanted)
        numbers: set[int] = set()
        for frame_number, things in following.frames():
            labels.add_frame(_labelled(frame_number, things, following.picture_size, video.selection))
            numbers.update(thing.track.number for thing in things)
        job.uses_weights(WEIGHTS, WEIGHTS_SHA256)
        video.sign(labels)
    job.message(f"{len(numbers)} tracks in {video.count} frames")


class _Following:
    """Finds and follows the things of one video."""

    def __init__(self, video: InputVideo, confidence: float, stride: int, wanted: Sequence[int]) -> None:
        self._video = video
        self._detector = NanoDet()
        self._least_score = confidence * UNSURE_SHARE
        self._stride = stride
        self._wanted = np.array(wanted)
        rate = video.metadata.frame_rate or 25.0
        interval = stride if video.selection.fps is None else max(stride, math.ceil(rate / video.selection.fps))
        patience = max(min(round(rate * PATIENCE_SECONDS), MOST_PATIENCE_FRAMES), 2 * interval)
        self._tracker = Tracker(sure_score=confidence, patience_frames=patience)
        self._trajectories = Trajectories(max(round(rate * LONGEST_GAP_SECONDS), interval), patience)
        self.picture_size = self._detector.fitting(video.frame_size)

    def frames(self) -> Iterator[tuple[int, list[Placed]]]:
        """The frames in which things are, in order. Nothing is followed across a cut."""
        shot_start = None
        sampler = Sampler(self._video.selection.fps)
        for frame, ends_shot in with_shot_ends(self._video):
            shot_start = shot_start or frame.number
            if ends_shot or ((frame.number - shot_start) % self._stride == 0 and sampler.takes(frame.time)):
                tracks = self._tracker.step(frame.number, self._detected(frame))
                yield from self._trajectories.add(tracks, frame.number)
            if ends_shot:
                yield from self._trajectories.finish_shot(tracks)
                self._tracker.forget()
                shot_start, sampler = None, Sampler(self._video.selection.fps)

    def _detected(self, frame: Frame) -> Detections:
        found = self._detector.detect(frame.small(*self.picture_size), self._least_score)
        return found.chosen(np.isin(found.classes, self._wanted))


def _labelled(
    frame_number: int, things: list[Placed], picture_size: tuple[int, int], selection: Selection
) -> VideoFrame:
    width, height = picture_size
    objects = []
    for thing in things:
        left, top, right, bottom = (float(side) for side in thing.box)
        box = BoundingBox.clipped(left / width, top / height, right / width, bottom / height)
        if box is not None:
            filled_in = [] if thing.seen else [BooleanAttribute(name="interpolated", value=True)]
            objects.append(
                DetectedObject(
                    label=CLASS_NAMES[thing.track.class_index],
                    bounding_box=selection.placed(box),
                    confidence=round(thing.score, 3),
                    index=thing.track.number,
                    frame_number=frame_number,
                    attributes=[*filled_in],
                )
            )
    return VideoFrame(frame_number=frame_number, objects=objects)


def _class_indexes(names: Sequence[str]) -> list[int]:
    for name in names:
        if name not in CLASS_NAMES:
            near = difflib.get_close_matches(str(name), CLASS_NAMES, n=1)
            advice = f"did you mean {near[0]!r}?" if near else "see the analytic's description for the 80 names"
            raise InvalidInput(f"parameter 'classes' names {name!r}, which is not one of the COCO classes; {advice}")
    return [CLASS_NAMES.index(name) for name in names]
