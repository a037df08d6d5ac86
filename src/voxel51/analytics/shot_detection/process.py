"""Shot detection job: turn boundaries into shots, and shots into events with keyframes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from voxel51.analytics.shot_detection.boundaries import Boundary, BoundaryFinder, ChangeMeter, Changes
from voxel51.analytics.shot_detection.cut_detector import FRAMES_BEFORE as CUT_FRAMES_BEFORE
from voxel51.analytics.shot_detection.cut_detector import STATE_CLASSES as CUT_CLASSES
from voxel51.analytics.shot_detection.cut_detector import CutDetector, CutMeter
from voxel51.analytics.shot_detection.gradual_detector import LENGTHS, GradualDetector, GradualMeter, Transition
from voxel51.analytics.shot_detection.gradual_detector import STATE_CLASSES as GRADUAL_CLASSES
from voxel51.labels.attributes import Attribute, BooleanAttribute, CategoricalAttribute, NumericAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels, measured_labels
from voxel51.platform.measures import measured_video
from voxel51.platform.object_state import restored, state_of
from voxel51.platform.video import Video, VideoFacts, input_video

FRAMES_BEFORE = max(CUT_FRAMES_BEFORE, LENGTHS[-1])
"""Frames before a frame that decide, with it, which changes are seen there."""


def process(job: Job) -> None:
    """Find the shots of the input ``video`` and write them to the output ``labels``."""
    with (
        input_video(job) as video,
        measured_labels(job, video) as (measures, labels),
    ):
        video.widen_part(before=FRAMES_BEFORE)
        given = job.parameters
        gradual = GradualMeter(video.frames_before) if given["gradual"] else None
        state = _State(_finder(job), _Progress(), ChangeMeter(CutMeter(float(given["threshold"])), gradual))
        restored(state, job.checkpoint.load(None), _CLASSES)
        _decide(job, video, measures.kept(_changes(video, state.meter), Changes.plain), labels, state)


def merge(job: Job, parts: Sequence[PartOutput]) -> None:
    """Write the output ``labels`` from the measures of all parts."""
    with (
        measured_video(job, parts) as video,
        job_labels(job, video.filename) as labels,
    ):
        changes = ((number, Changes.of(values)) for number, values in video.measures())
        unused = ChangeMeter(CutMeter(0.0), None)
        _decide(job, video, changes, labels, _State(_finder(job), _Progress(), unused))


def _finder(job: Job) -> BoundaryFinder:
    given = job.parameters
    shortest = float(given["minimum_shot_seconds"])
    return BoundaryFinder(CutDetector(shortest), GradualDetector() if given["gradual"] else None, shortest)


def _changes(video: Video, meter: ChangeMeter) -> Iterator[tuple[int, Changes]]:
    for frame in video:
        yield frame.number, meter.measure(frame)
    # After a part that others follow, the last frames are judged by the next part.
    if video.part is None or video.part.is_last:
        yield video.last_number, meter.finish(video.last_time)


def _decide(
    job: Job, video: VideoFacts, found: Iterable[tuple[int, Changes]], labels: VideoLabelsWriter, state: "_State"
) -> None:
    """Write the labels from the changes in all frames."""
    finder, shots = state.finder, _Shots(labels, state.progress)
    for number, changes in found:
        shots.begin_once(Boundary(number, changes.time))
        for boundary in finder.add(number, changes):
            shots.end(boundary)
        if not changes.is_end:
            job.checkpoint.save(lambda: state_of(state, _CLASSES))
    for boundary in finder.finish():
        shots.end(boundary)
    interval = 1 / (video.metadata.frame_rate or 25)
    shots.end(Boundary(video.last_number + 1, video.last_time + interval))
    labels.events += [_event(each) for each in finder.transitions]
    video.write_metadata(labels)
    job.message(f"{state.progress.count} shots in {video.count} frames")


def _event(found: Transition) -> VideoEvent:
    times = {"start_seconds": found.start, "end_seconds": found.end}
    facts = [NumericAttribute(name=name, value=round(value, 3)) for name, value in times.items()]
    return VideoEvent(label=found.kind, support=Support.of(found.first, found.last), attributes=[*facts])


@dataclass
class _Progress:
    """Number of shots so far, and the start of the current one."""

    count: int = 0
    start: Boundary | None = None


@dataclass
class _State:
    """State of the job after a frame, as checkpoints save it."""

    finder: BoundaryFinder
    progress: _Progress
    meter: ChangeMeter


_CLASSES = (ChangeMeter, BoundaryFinder, Boundary, *CUT_CLASSES, *GRADUAL_CLASSES, _Progress)


@dataclass
class _Shots:
    """Writer of shots as labels."""

    labels: VideoLabelsWriter
    progress: _Progress

    def begin_once(self, start: Boundary) -> None:
        """Begin the first shot at ``start``, unless it has begun."""
        self.progress.start = self.progress.start or start

    def end(self, following: Boundary) -> None:
        """End the current shot before ``following``, where the next one begins."""
        start, self.progress.start = self.progress.start or following, following
        last = following.number - 1
        keyframe = (start.number + last) // 2
        mark = BooleanAttribute(name="keyframe", value=True)
        self.labels.add_frame(VideoFrame(frame_number=keyframe, attributes=[mark]))
        facts: list[Attribute] = [
            NumericAttribute(name="start_seconds", value=round(start.time, 3)),
            NumericAttribute(name="end_seconds", value=round(following.time, 3)),
            NumericAttribute(name="keyframe", value=keyframe),
        ]
        if start.difference:
            facts.append(NumericAttribute(name="difference", value=round(start.difference, 2)))
        if self.progress.count:
            facts.append(CategoricalAttribute(name="begins_by", value=start.kind))
        self.progress.count += 1
        support = Support.of(start.number, last)
        self.labels.events.append(
            VideoEvent(label="shot", index=self.progress.count, support=support, attributes=[*facts])
        )
