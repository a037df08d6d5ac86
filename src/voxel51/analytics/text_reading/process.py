"""Text reading job: read sampled frames, and write each text as an event."""

from collections.abc import Iterator
from itertools import islice

from voxel51.analytics.text_reading.reader import Reading, TextReader
from voxel51.analytics.text_reading.text_tracker import TextTrack, TextTracker
from voxel51.labels.attributes import CategoricalAttribute, NumericAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import Frame
from voxel51.labels.objects import DetectedObject
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.frames import InputVideo, input_video
from voxel51.platform.job import Job


def process(job: Job) -> None:
    """Read the text in the input ``video`` and write it to the output ``labels``."""
    given = job.parameters
    tracker = TextTracker()
    with (
        input_video(job) as video,
        VideoLabelsWriter.open(job.output("labels"), video.filename) as labels,
    ):
        reader = TextReader()
        for frame in _sampled(video, int(given["frame_stride"])):
            found = reader.read(frame.image(), float(given["confidence"]))
            readings = [each for each in found if _characters(each.text) >= int(given["minimum_characters"])]
            tracks, ended = tracker.add(frame.number, frame.time, readings)
            labels.events += map(_event, ended)
            if tracks:
                objects = [_object(frame, each, video.selection.to_whole_frame(each.latest.box)) for each in tracks]
                labels.add_frame(VideoFrame(frame_number=frame.number, objects=objects))
        labels.events += map(_event, tracker.finish())
        labels.events.sort(key=_index)
        for name, sha256 in reader.weights.items():
            job.record_weights(name, sha256)
        video.write_metadata(labels)
    job.message(f"{tracker.count} texts in {video.count} frames")


def _sampled(video: InputVideo, stride: int) -> Iterator[Frame]:
    """Return the frames at the requested rate, or every ``stride``-th frame if no rate is given."""
    return islice(video, 0, None, stride) if video.selection.fps is None else video.sampled()


def _characters(text: str) -> int:
    """Return the number of letters and digits: blinds, fences and bricks are read as dashes and dots."""
    return sum(map(str.isalnum, text))


def _object(frame: Frame, track: TextTrack, box: BoundingBox) -> DetectedObject:
    return DetectedObject(
        label="text",
        bounding_box=box,
        confidence=track.latest.score,
        index=track.index,
        frame_number=frame.number,
        attributes=[_text(track.latest)],
    )


def _event(track: TextTrack) -> VideoEvent:
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
