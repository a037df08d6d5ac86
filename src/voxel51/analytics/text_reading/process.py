"""One job of text reading: some frames are read, and the same text in those that follow each other becomes an event."""

from collections.abc import Iterator
from itertools import islice

from voxel51.analytics.text_reading.reader import Reading, TextReader
from voxel51.analytics.text_reading.text_tracker import Sighting, TextTracker
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
    """Read the input ``video`` and leave its texts at the output ``labels``."""
    given = job.parameters
    follower = TextTracker()
    with (
        input_video(job) as video,
        VideoLabelsWriter.open(job.output("labels"), video.filename) as labels,
    ):
        reader = TextReader()
        for frame in _looked_at(video, int(given["frame_stride"])):
            found = reader.read(frame.image(), float(given["confidence"]))
            readings = [each for each in found if _characters(each.text) >= int(given["minimum_characters"])]
            sightings, ended = follower.add(frame.number, frame.time, readings)
            labels.events += map(_event, ended)
            if sightings:
                objects = [_object(frame, each, video.selection.to_whole_frame(each.latest.box)) for each in sightings]
                labels.add_frame(VideoFrame(frame_number=frame.number, objects=objects))
        labels.events += map(_event, follower.finish())
        labels.events.sort(key=_index)
        for name, sha256 in reader.weights.items():
            job.record_weights(name, sha256)
        video.write_metadata(labels)
    job.message(f"{follower.count} texts in {video.count} frames")


def _looked_at(video: InputVideo, stride: int) -> Iterator[Frame]:
    """As few frames a second as the job asks for, or every ``stride``-th where it does not."""
    return islice(video, 0, None, stride) if video.selection.fps is None else video.sampled()


def _characters(text: str) -> int:
    """How many letters and digits it has: dashes and dots are what blinds, fences and bricks are read as."""
    return sum(map(str.isalnum, text))


def _object(frame: Frame, sighting: Sighting, box: BoundingBox) -> DetectedObject:
    return DetectedObject(
        label="text",
        bounding_box=box,
        confidence=sighting.latest.score,
        index=sighting.index,
        frame_number=frame.number,
        attributes=[_text(sighting.latest)],
    )


def _event(sighting: Sighting) -> VideoEvent:
    times = {"start_seconds": sighting.start, "end_seconds": sighting.end}
    facts = [NumericAttribute(name=name, value=round(value, 3)) for name, value in times.items()]
    return VideoEvent(
        label="text",
        confidence=sighting.best.score,
        index=sighting.index,
        support=Support.of(sighting.first, sighting.last),
        attributes=[_text(sighting.best), *facts],
    )


def _text(reading: Reading) -> CategoricalAttribute:
    return CategoricalAttribute(name="text", value=reading.text, confidence=reading.score)


def _index(event: VideoEvent) -> int:
    return event.index or 0
