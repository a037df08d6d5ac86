"""Face detection job: detect faces in sampled frames, track them, and label every frame."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from voxel51.analytics.face_detection.centerface import WEIGHTS, CenterFace
from voxel51.analytics.tracking.look_analysis import TrackingOptions
from voxel51.analytics.tracking.tracked_labels import merge_tracks, write_tracks
from voxel51.analytics.tracking.video_tracker import TrackedClasses
from voxel51.labels.field_types import JsonValue
from voxel51.labels.media.frame import Pixels
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels, measured_labels
from voxel51.platform.labels_input import named_frames
from voxel51.platform.measures import measured_video
from voxel51.platform.tracking.detections import Detections
from voxel51.platform.video import input_video

UNSURE_SHARE = 0.6
"""Boxes with at least this share of the requested confidence continue a track that a surer box started."""


def process(job: Job) -> None:
    """Track the faces in the input ``video`` and write them to the output ``labels``."""
    given = job.parameters
    with (
        input_video(job) as video,
        measured_labels(job, video) as (measures, labels),
    ):
        options = replace(_options(given), named_frames=named_frames(job))
        detector = FrameFaceDetector(video.frame_size, int(given["picture_size"]), options.sure_score * UNSURE_SHARE)
        job.record_weights(WEIGHTS.filename, WEIGHTS.sha256)
        classes = TrackedClasses(detector.names, detector.picture_size)
        tracker = write_tracks(job, video, detector, options, classes, measures, labels)
    job.message(f"{len(tracker.numbers)} faces in {video.count} frames")


def merge(job: Job, parts: Sequence[PartOutput]) -> None:
    """Write the output ``labels`` from the detections of all parts."""
    with (
        measured_video(job, parts) as video,
        job_labels(job, video.filename) as labels,
    ):
        count, _ = merge_tracks(video, _options(job.parameters), labels)
    job.message(f"{count} faces in {video.count} frames")


def _options(given: Mapping[str, JsonValue]) -> TrackingOptions:
    return TrackingOptions(float(given["confidence"]), int(given["frame_stride"]))


class FrameFaceDetector:
    """Face detector for frames of one size.

    Attributes:
        names, picture_size, remembers: see `voxel51.analytics.tracking.look_analysis.FrameDetector`.
    """

    names: Sequence[str] = ("face",)
    remembers = False

    def __init__(self, frame_size: tuple[int, int], longest_side: int, least_score: float) -> None:
        self._detector = CenterFace()
        self._least_score = least_score
        self.picture_size = self._detector.fitting(frame_size, longest_side)

    def find(self, picture: Pixels) -> Detections:
        """Return the faces in a frame of ``picture_size``."""
        return self._detector.detect(picture, self._least_score)

    def start_shot(self) -> None:
        """Do nothing: frames are processed independently."""
