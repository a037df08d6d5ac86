"""Text reading job: read sampled frames, and write each text as an event."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voxel51.analytics.text_reading.analysis import AnalysisState, FrameReadings, LastRead, TextAnalysis
from voxel51.analytics.text_reading.reader import Reading, TextReader
from voxel51.analytics.text_reading.text_tracker import Moment, TextTrack, TextTracker
from voxel51.labels.attributes import CategoricalAttribute, NumericAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import DetectedObject
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels, measured_labels
from voxel51.platform.labels_input import named_frames
from voxel51.platform.measures import measured_video
from voxel51.platform.object_state import restored, state_of
from voxel51.platform.selection import Sampler
from voxel51.platform.video import VideoFacts, input_video


def process(job: Job) -> None:
    """Read the text in the input ``video`` and write it to the output ``labels``."""
    with (
        input_video(job) as video,
        measured_labels(job, video) as (measures, labels),
    ):
        reader = TextReader()
        for name, sha256 in reader.weights.items():
            job.record_weights(name, sha256)
        analysis = TextAnalysis(video, job.parameters, reader, named_frames(job))
        state = restored(_State(analysis.state, TextTracker()), job.checkpoint.load(None), _CLASSES)
        _decide(job, video, measures.kept(analysis.readings(state.analysis), FrameReadings.plain), labels, state)


def merge(job: Job, parts: Sequence[PartOutput]) -> None:
    """Write the output ``labels`` from the readings of all parts."""
    with (
        measured_video(job, parts) as video,
        job_labels(job, video.filename) as labels,
    ):
        found = ((number, FrameReadings.of(values)) for number, values in video.measures())
        _decide(job, video, found, labels, _State(AnalysisState(Sampler(None)), TextTracker()))


@dataclass
class _State:
    """State of the job after an analysed frame, as checkpoints save it. A merge analyses nothing."""

    analysis: AnalysisState
    tracker: TextTracker


_CLASSES = (AnalysisState, Sampler, TextTracker, TextTrack, Reading, BoundingBox, LastRead)


def _decide(
    job: Job, video: VideoFacts, found: Iterable[tuple[int, FrameReadings]], labels: VideoLabelsWriter, state: _State
) -> None:
    """Write the labels from the readings of all analysed frames."""
    tracker = state.tracker
    for number, analysed in found:
        if analysed.is_end:
            labels.events += [_event(*each) for each in zip(tracker.finish(), analysed.ends, strict=True)]
            continue
        tracks, ended = tracker.add(number, analysed.time, analysed.readings)
        starts = iter(analysed.starts)
        for track in tracks:
            if track.first == number:
                track.start_at(next(starts))
        labels.events += [_event(*each) for each in zip(ended, analysed.ends, strict=True)]
        if tracks:
            objects = [_object(number, each, video.selection.to_whole_frame(each.latest.box)) for each in tracks]
            labels.add_frame(VideoFrame(frame_number=number, objects=objects))
        job.checkpoint.save(lambda: state_of(state, _CLASSES))
    labels.events.sort(key=_index)
    video.write_metadata(labels)
    job.message(f"{tracker.count} texts in {video.count} frames")


def _object(number: int, track: TextTrack, box: BoundingBox) -> DetectedObject:
    return DetectedObject(
        label="text",
        bounding_box=box,
        confidence=track.latest.score,
        index=track.index,
        frame_number=number,
        attributes=[_text(track.latest)],
    )


def _event(track: TextTrack, end: Moment | None) -> VideoEvent:
    track.end_at(end)
    times = {"start_seconds": track.start, "end_seconds": track.end}
    facts = [NumericAttribute(name=name, value=round(value, 3)) for name, value in times.items()]
    return VideoEvent(
        label="text",
        confidence=track.best.score,
        index=track.index,
        support=Support.of(track.first, track.last),
        attributes=[_text(track.best), *facts],
    )


def _text(reading: Reading) -> CategoricalAttribute:
    return CategoricalAttribute(name="text", value=reading.text, confidence=reading.score)


def _index(event: VideoEvent) -> int:
    return event.index or 0
