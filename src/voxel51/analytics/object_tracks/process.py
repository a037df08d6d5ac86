"""One job of object tracking: frames are sampled, things are found in them and followed, every frame is labelled."""

import difflib
from collections.abc import Sequence

import numpy as np

from voxel51.analytics.following.detections import Detections
from voxel51.analytics.following.follower import Follower
from voxel51.analytics.object_tracks.coco import CLASS_NAMES
from voxel51.analytics.object_tracks.nanodet import WEIGHTS, WEIGHTS_SHA256, NanoDet
from voxel51.labels.media.pictures import Frame
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.errors import InvalidInput
from voxel51.platform.frames import input_video
from voxel51.platform.job import Job

UNSURE_SHARE = 0.5
"""Boxes of at least this share of the wanted confidence continue a track that a surer box began."""


def process(job: Job) -> None:
    """Follow the things in the input ``video`` and leave them at the output ``labels``."""
    given = job.parameters
    wanted = _class_indexes(given.get("classes") or CLASS_NAMES)
    confidence = float(given["confidence"])
    with (
        input_video(job) as video,
        VideoLabelsWriter.open(job.output("labels"), video.filename) as labels,
    ):
        finder = _WantedThings(video.frame_size, confidence * UNSURE_SHARE, wanted)
        follower = Follower(video, finder, confidence, int(given["frame_stride"]))
        for frame in follower.frames():
            labels.add_frame(frame)
        job.uses_weights(WEIGHTS, WEIGHTS_SHA256)
        video.sign(labels)
    job.message(f"{len(follower.numbers)} tracks in {video.count} frames")


class _WantedThings:
    """The detector, for frames of one size and some of its classes."""

    names: Sequence[str] = CLASS_NAMES

    def __init__(self, frame_size: tuple[int, int], least_score: float, wanted: Sequence[int]) -> None:
        self._detector = NanoDet()
        self._least_score = least_score
        self._wanted = np.array(wanted)
        self.picture_size = self._detector.fitting(frame_size)

    def find(self, frame: Frame) -> Detections:
        found = self._detector.detect(frame.small(*self.picture_size), self._least_score)
        return found.chosen(np.isin(found.classes, self._wanted))

    def begin_shot(self) -> None:
        """Frames are looked at one by one, so there is nothing to forget."""


def _class_indexes(names: Sequence[str]) -> list[int]:
    for name in names:
        if name not in CLASS_NAMES:
            near = difflib.get_close_matches(str(name), CLASS_NAMES, n=1)
            advice = f"did you mean {near[0]!r}?" if near else "see the analytic's description for the 80 names"
            raise InvalidInput(f"parameter 'classes' names {name!r}, which is not one of the COCO classes; {advice}")
    return [CLASS_NAMES.index(name) for name in names]
