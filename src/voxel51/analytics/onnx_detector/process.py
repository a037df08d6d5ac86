"""ONNX detector job: run the user's model on a video, with or without tracking."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from voxel51.analytics.detectors.class_filter import SelectedClassesDetector
from voxel51.analytics.detectors.model_families import LoadedDetector, load_detector
from voxel51.analytics.sessions import UnusableModel
from voxel51.analytics.tracking.look_analysis import TrackingOptions
from voxel51.analytics.tracking.tracked_labels import merge_tracks, write_tracks
from voxel51.analytics.tracking.video_tracker import TrackedClasses
from voxel51.labels.field_types import JsonValue
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import Frame
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoFrame
from voxel51.platform.errors import InvalidInput
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels, measured_labels
from voxel51.platform.measures import measured_video
from voxel51.platform.object_state import restored, state_of
from voxel51.platform.selection import Sampler
from voxel51.platform.video import Video, VideoFacts, input_video

UNSURE_SHARE = 0.5
"""Boxes with at least this share of the requested confidence continue a track that a surer box started."""


def process(job: Job) -> None:
    """Detect objects in the input ``video`` with the given model and write them, tracked if requested, to
    ``labels``.
    """
    given = job.parameters
    with (
        input_video(job) as video,
        measured_labels(job, video) as (measures, labels),
    ):
        model = _model(job)
        confidence = float(given["confidence"])
        least = confidence * UNSURE_SHARE if given["track"] else confidence
        detector = SelectedClassesDetector(
            model.detector, model.names, video.frame_size, least, given.get("wanted") or ()
        )
        if given["track"]:
            classes = TrackedClasses(model.names, detector.picture_size, detector.wanted, model.family)
            tracker = write_tracks(job, video, detector, _options(given), classes, measures, labels)
            job.message(_message(video, f"{len(tracker.numbers)} tracks", model.family))
            return
        measures.describe({"family": model.family})
        sampling = _Sampling(Sampler(video.selection.fps))
        single = _single_frames(job, video, detector, int(given["frame_stride"]), sampling)
        for _, frame in measures.kept(single, VideoFrame.to_json):
            labels.add_frame(frame)
        video.write_metadata(labels)
    job.message(_message(video, f"{sampling.found} objects", model.family))


def merge(job: Job, parts: Sequence[PartOutput]) -> None:
    """Write the output ``labels`` from the detections of all parts."""
    with (
        measured_video(job, parts) as video,
        job_labels(job, video.filename) as labels,
    ):
        if job.parameters["track"]:
            count, family = merge_tracks(video, _options(job.parameters), labels)
            job.message(_message(video, f"{count} tracks", family))
            return
        count, family = 0, video.description()["family"]
        for number, frame in video.measures():
            labels.restore_frame(number, frame)
            count += len(frame["objects"]["objects"])
        video.write_metadata(labels)
    job.message(_message(video, f"{count} objects", family))


def _message(video: VideoFacts, found: str, family: str) -> str:
    return f"{found} in {video.count} frames, by a model of the family {family}"


def _options(given: Mapping[str, JsonValue]) -> TrackingOptions:
    return TrackingOptions(float(given["confidence"]), int(given["frame_stride"]), uses_appearance=True)


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

    def takes(self, time: float, stride: int) -> bool:
        """Return whether the next of the selected frames is analysed."""
        place, self.place = self.place, self.place + 1
        return place % stride == 0 and self.sampler.takes(time)


def _single_frames(
    job: Job, video: Video, detector: SelectedClassesDetector, stride: int, sampling: _Sampling
) -> Iterator[tuple[int, VideoFrame]]:
    """Yield the detections of every ``stride``-th frame, without tracking."""
    selected = Sampler(video.selection.fps)
    for time in video.times_before():
        if selected.takes(time):
            sampling.takes(time, stride)
    restored(sampling, job.checkpoint.load(None), (Sampler,))
    for frame in video:
        if not sampling.takes(frame.time, stride):
            continue
        objects = [*_objects(video, frame, detector)]
        sampling.found += len(objects)
        if objects:
            yield frame.number, VideoFrame(frame_number=frame.number, objects=objects)
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
