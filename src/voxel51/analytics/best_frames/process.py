"""Best frames job: measure the sharpness of each frame, and write the sharpest one of each shot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voxel51.analytics.video_quality.measures import Meter
from voxel51.labels.attributes import BooleanAttribute, NumericAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.errors import InvalidInput
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels, measured_labels
from voxel51.platform.labels_input import input_labels
from voxel51.platform.measures import measured_video
from voxel51.platform.video import VideoFacts, input_video

SHOT = "shot"
"""Label of the events that are shots, as shot-detection writes them."""

_Sharpness = tuple[int, float]
"""Number of a frame, and its sharpness."""


def process(job: Job) -> None:
    """Choose the sharpest frame of each shot in the input ``shots``, and write them to the output ``labels``."""
    shots = _shots(job)
    with (
        input_video(job) as video,
        measured_labels(job, video) as (measures, labels),
    ):
        meter = Meter()
        found = ((frame.number, meter.measure(frame).sharpness) for frame in video)
        _decide(job, video, measures.kept(found, float), labels, shots)


def merge(job: Job, parts: Sequence[PartOutput]) -> None:
    """Write the output ``labels`` from the sharpness that all parts measured."""
    with (
        measured_video(job, parts) as video,
        job_labels(job, video.filename) as labels,
    ):
        _decide(job, video, video.measures(), labels, _shots(job))


@dataclass(frozen=True, slots=True)
class Shot:
    """Shot of the video: its number, and its first and last frame."""

    index: int
    first: int
    last: int


def _shots(job: Job) -> list[Shot]:
    """Return the shots that the labels in the input ``shots`` describe, in order."""
    labels = input_labels(job, "shots")
    events = [event for event in (labels.events if labels is not None else ()) if event.label == SHOT and event.support]
    ranges = sorted(span for event in events if event.support for span in event.support.ranges)
    if not ranges:
        raise InvalidInput(
            f"input 'shots': {job.filenames.get('shots', 'it')!r} describes no shots: there is no event {SHOT!r}. "
            "Use the labels of voxel51/shot-detection."
        )
    return [Shot(index, first, last) for index, (first, last) in enumerate(ranges, 1)]


def _decide(
    job: Job, video: VideoFacts, found: Iterable[_Sharpness], labels: VideoLabelsWriter, shots: Sequence[Shot]
) -> None:
    """Write the best frame of each shot, as soon as the shot has ended."""
    place, best, count = 0, None, 0
    for number, sharpness in found:
        while place < len(shots) and number > shots[place].last:
            count += _write(labels, shots[place], best)
            place, best = place + 1, None
        if place < len(shots) and number >= shots[place].first and (best is None or sharpness > best[1]):
            best = number, sharpness
    if place < len(shots):
        count += _write(labels, shots[place], best)
    video.write_metadata(labels)
    job.message(f"{count} best frames of {len(shots)} shots in {video.count} frames")


def _write(labels: VideoLabelsWriter, shot: Shot, best: _Sharpness | None) -> bool:
    """Write the best frame of a shot; return False if none of its frames was selected."""
    if best is None:
        return False
    number, sharpness = best
    measured = NumericAttribute(name="sharpness", value=round(sharpness, 2))
    marks = [BooleanAttribute(name="best_frame", value=True), NumericAttribute(name="shot", value=shot.index), measured]
    labels.add_frame(VideoFrame(frame_number=number, attributes=marks))
    facts = [NumericAttribute(name="best_frame", value=number), measured]
    support = Support.of(shot.first, shot.last)
    labels.events.append(VideoEvent(label=SHOT, index=shot.index, support=support, attributes=[*facts]))
    return True
