"""Object tracks job: detect objects in sampled frames, track them, and label every frame."""

from collections.abc import Mapping, Sequence

from voxel51.analytics.detectors.class_filter import SelectedClassesDetector
from voxel51.analytics.detectors.model_families import load_detector
from voxel51.analytics.detectors.model_registry import detector_model
from voxel51.analytics.tracking.look_analysis import TrackingOptions
from voxel51.analytics.tracking.tracked_labels import merge_tracks, write_tracks
from voxel51.analytics.tracking.video_tracker import TrackedClasses
from voxel51.labels.field_types import JsonValue
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels, measured_labels
from voxel51.platform.measures import measured_video
from voxel51.platform.video import input_video

UNSURE_SHARE = 0.5
"""Boxes with at least this share of the requested confidence continue a track that a surer box started."""

STATIONARY_LEVEL, STATIONARY_MARGIN = 0.5, 0.2
"""A track that does not move must reach this confidence on average for a while, or this much more than the requested
one if that is lower. False objects (a stone taken for a sheep) stay below 0.5, a parked van in the distance is at 0.57.
"""


def process(job: Job) -> None:
    """Track the objects in the input ``video`` and write them to the output ``labels``."""
    given = job.parameters
    confidence, weights = float(given["confidence"]), str(given["weights"])
    with (
        input_video(job) as video,
        measured_labels(job, video) as (measures, labels),
    ):
        chosen = detector_model(weights, job)
        model = load_detector(chosen.content, int(given.get("picture_size") or chosen.picture_size))
        wanted = given.get("classes") or ()
        detector = SelectedClassesDetector(
            model.detector, model.names, video.frame_size, confidence * UNSURE_SHARE, wanted
        )
        classes = TrackedClasses(model.names, detector.picture_size, detector.wanted, chosen.name)
        tracker = write_tracks(job, video, detector, _options(given), classes, measures, labels)
    job.message(f"{len(tracker.numbers)} tracks in {video.count} frames, by {chosen.name}")


def merge(job: Job, parts: Sequence[PartOutput]) -> None:
    """Write the output ``labels`` from the detections of all parts."""
    with (
        measured_video(job, parts) as video,
        job_labels(job, video.filename) as labels,
    ):
        count, model = merge_tracks(video, _options(job.parameters), labels)
    job.message(f"{count} tracks in {video.count} frames, by {model}")


def _options(given: Mapping[str, JsonValue]) -> TrackingOptions:
    confidence = float(given["confidence"])
    return TrackingOptions(
        sure_score=confidence,
        stride=int(given["frame_stride"]),
        uses_appearance=True,
        stationary_level=min(STATIONARY_LEVEL, confidence + STATIONARY_MARGIN),
        skips_unchanged=bool(given["skip_unchanged"]),
    )
