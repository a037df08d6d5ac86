"""Video quality job: measure frames, and write lasting conditions as events."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Self

from voxel51.analytics.video_quality.measures import Meter
from voxel51.analytics.video_quality.segments import Segment, SegmentFinder
from voxel51.labels.attributes import BooleanAttribute, NumericAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.field_types import JsonValue
from voxel51.labels.media.frame import Frame
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels, measured_labels
from voxel51.platform.measures import measured_video
from voxel51.platform.object_state import restored, state_of
from voxel51.platform.video import VideoFacts, input_video


def process(job: Job) -> None:
    """Measure the input ``video`` and write the results to the output ``labels``."""
    with (
        input_video(job) as video,
        measured_labels(job, video) as (measures, labels),
    ):
        video.widen_part(before=1)  # the change of a frame is that from the frame before it
        state = restored(
            _State(_ConditionFinder(job.parameters), Meter(), _Totals()), job.checkpoint.load(None), _CLASSES
        )
        found = ((frame.number, _MeasuredFrame.of(frame, state.meter)) for frame in video)
        _decide(job, video, measures.kept(found, astuple), labels, state)


def merge(job: Job, parts: Sequence[PartOutput]) -> None:
    """Write the output ``labels`` from the measures of all parts."""
    with (
        measured_video(job, parts) as video,
        job_labels(job, video.filename) as labels,
    ):
        found = ((number, _MeasuredFrame(*measure)) for number, measure in video.measures())
        _decide(job, video, found, labels, _State(_ConditionFinder(job.parameters), Meter(), _Totals()))


@dataclass(frozen=True, slots=True)
class _MeasuredFrame:
    """Measures of a frame, with its time in seconds."""

    time: float
    is_damaged: bool
    brightness: float
    sharpness: float
    change: float | None

    @classmethod
    def of(cls, frame: Frame, meter: Meter) -> Self:
        measures = meter.measure(frame)
        return cls(frame.time, frame.is_damaged, measures.brightness, measures.sharpness, measures.change)


def _decide(
    job: Job,
    video: VideoFacts,
    found: Iterable[tuple[int, _MeasuredFrame]],
    labels: VideoLabelsWriter,
    state: "_State",
) -> None:
    """Write the labels from the measures of all frames."""
    conditions, totals = state.conditions, state.totals
    for number, measures in found:
        totals.add(measures)
        labels.events += conditions.add(number, measures)
        if job.parameters["framewise"]:
            labels.add_frame(_labelled(number, measures))
        job.partial.add_events(labels.events)
        job.checkpoint.save(lambda: state_of(state, _CLASSES))
    end = video.last_time + 1 / (video.metadata.frame_rate or 25)
    labels.events += conditions.finish(end)
    labels.events.sort(key=_place)
    labels.attributes += totals.attributes()
    video.write_metadata(labels)
    counts = ", ".join(f"{kind}: {sum(event.label == kind for event in labels.events)}" for kind in _KINDS)
    job.message(f"{counts} in {video.count} frames")


_KINDS = ("black", "frozen", "blurred", "damaged")


class _ConditionFinder:
    """Segment finders of all conditions. A black frame is neither frozen nor blurred."""

    def __init__(self, given: Mapping[str, JsonValue]) -> None:
        self._given = given
        self._segments = {
            kind: SegmentFinder(0.0 if kind == "damaged" else float(given[f"{kind}_seconds"])) for kind in _KINDS
        }
        self._before: tuple[int, float] | None = None

    def add(self, number: int, measures: _MeasuredFrame) -> Iterator[VideoEvent]:
        given = self._given
        is_black = measures.brightness <= given["black_brightness"]
        is_still = measures.change is not None and measures.change <= given["frozen_change"]
        lasting = {
            "black": is_black,
            "frozen": is_still and not is_black,
            "blurred": measures.sharpness <= given["blurred_sharpness"] and not is_black,
            "damaged": measures.is_damaged,
        }
        for kind, lasts in lasting.items():
            for segment in self._segments[kind].add(number, measures.time, lasts=lasts):
                yield _event(kind, segment)

    def finish(self, end: float) -> Iterator[VideoEvent]:
        for kind, finder in self._segments.items():
            for segment in finder.finish(end):
                yield _event(kind, segment)


class _Totals:
    """Means over all frames."""

    def __init__(self) -> None:
        self._count = 0
        self._sums = {"brightness": 0.0, "sharpness": 0.0}

    def add(self, measures: _MeasuredFrame) -> None:
        self._count += 1
        self._sums["brightness"] += measures.brightness
        self._sums["sharpness"] += measures.sharpness

    def attributes(self) -> list[NumericAttribute]:
        means = {name: round(total / self._count, 2) for name, total in self._sums.items()}
        return [NumericAttribute(name=f"mean_{name}", value=value) for name, value in means.items()]


@dataclass
class _State:
    """State of the job after a frame, as checkpoints save it."""

    conditions: _ConditionFinder
    meter: Meter
    totals: _Totals


_CLASSES = (_ConditionFinder, SegmentFinder, Meter, _Totals)


def _labelled(number: int, measures: _MeasuredFrame) -> VideoFrame:
    facts = {"brightness": measures.brightness, "sharpness": measures.sharpness, "change": measures.change}
    numbers = [NumericAttribute(name=n, value=round(value, 2)) for n, value in facts.items() if value is not None]
    damaged = [BooleanAttribute(name="damaged", value=True)] if measures.is_damaged else []
    return VideoFrame(frame_number=number, attributes=[*numbers, *damaged])


def _event(kind: str, segment: Segment) -> VideoEvent:
    times = {"start_seconds": segment.start, "end_seconds": segment.end}
    facts = [NumericAttribute(name=name, value=round(value, 3)) for name, value in times.items()]
    return VideoEvent(label=kind, support=Support.of(segment.first, segment.last), attributes=[*facts])


def _place(event: VideoEvent) -> tuple[int, int]:
    return event.support.ranges[0] if event.support else (0, 0)
