"""ONNX detector job: run the user's model on a video, with or without tracking."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voxel51.analytics.detectors.class_filter import SelectedClassesDetector
from voxel51.analytics.detectors.model_families import LoadedDetector, load_detector
from voxel51.analytics.sessions import UnusableModel
from voxel51.analytics.tracking.video_tracker import VideoTracker
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import Frame
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoFrame
from voxel51.platform.errors import InvalidInput
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels
from voxel51.platform.object_state import restored, state_of
from voxel51.platform.selection import Sampler
from voxel51.platform.video import Video, input_video

UNSURE_SHARE = 0.5
"""Boxes with at least this share of the requested confidence continue a track that a surer box started."""


def process(job: Job) -> None:
    """Detect objects in the input ``video`` with the given model and write them, tracked if requested, to
    ``labels``.
    """
    given = job.parameters
    with (
        input_video(job) as video,
        job_labels(job, video.filename) as labels,
    ):
        model = _model(job)
        confidence, stride = float(given["confidence"]), int(given["frame_stride"])
        least = confidence * UNSURE_SHARE if given["track"] else confidence
        detector = SelectedClassesDetector(
            model.detector, model.names, video.frame_size, least, given.get("wanted") or ()
        )
        tracker = VideoTracker(
            video, job.checkpoint, detector, confidence, stride, uses_appearance=True, wanted=detector.wanted
        )
        sampling = _Sampling(Sampler(video.selection.fps))
        for frame in tracker.frames() if given["track"] else _single_frames(job, video, detector, stride, sampling):
            labels.add_frame(frame)
        video.write_metadata(labels)
    kind = f"{len(tracker.numbers)} tracks" if given["track"] else f"{sampling.found} objects"
    job.message(f"{kind} in {video.count} frames, by a model of the family {model.family}")


def _model(job: Job) -> LoadedDetector:
    given = job.parameters
    content = given["model"].read_bytes()
    job.record_weights(job.filenames.get("model", given["model"].name), hashlib.sha256(content).hexdigest())
    names: Sequence[str] | None = given.get("classes")
    try:
        return load_detector(content, int(given["picture_size"]), names, given.get("family"))
    except UnusableModel as error:
        raise InvalidInput(f"model {given['model'].name!r}: {error}") from None


@dataclass
class _Sampling:
    """State of a job without tracking, as checkpoints save it: ``place`` counts frames, ``found`` objects."""

    sampler: Sampler
    place: int = 0
    found: int = 0


def _single_frames(
    job: Job, video: Video, detector: SelectedClassesDetector, stride: int, sampling: _Sampling
) -> Iterator[VideoFrame]:
    """Yield the detections of every ``stride``-th frame, without tracking."""
    restored(sampling, job.checkpoint.load(None), (Sampler,))
    for frame in video:
        place, sampling.place = sampling.place, sampling.place + 1
        if place % stride or not sampling.sampler.takes(frame.time):
            continue
        objects = [*_objects(video, frame, detector)]
        sampling.found += len(objects)
        if objects:
            yield VideoFrame(frame_number=frame.number, objects=objects)
        job.checkpoint.save(lambda: state_of(sampling, (Sampler,)))


def _objects(video: Video, frame: Frame, detector: SelectedClassesDetector) -> Iterator[DetectedObject]:
    width, height = detector.picture_size
    found = detector.find_wanted(frame.small(width, height))
    for (left, top, right, bottom), score, kind in zip(found.boxes, found.scores, found.classes, strict=True):
        box = BoundingBox.clipped(left / width, top / height, right / width, bottom / height)
        if box is not None:
            yield DetectedObject(
                label=detector.names[kind],
                bounding_box=video.selection.to_whole_frame(box),
                confidence=round(float(score), 3),
                frame_number=frame.number,
            )
