"""Text reading job: read sampled frames, and write each text as an event."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2

from voxel51.analytics.text_reading.frame_window import FrameWindow
from voxel51.analytics.text_reading.reader import Reading, TextReader
from voxel51.analytics.text_reading.text_tracker import TextTrack, TextTracker
from voxel51.labels.attributes import CategoricalAttribute, NumericAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.field_types import JsonValue
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import Frame, Pixels, resized
from voxel51.labels.objects import DetectedObject
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels
from voxel51.platform.object_state import restored, state_of
from voxel51.platform.selection import Sampler
from voxel51.platform.video import Video, input_video

DEFAULT_RATE = 5.0
"""Frames per second that are analysed by default. Signs in moving pictures may be legible for a fifth of a second."""

UNCHANGED = 12
"""If no pixel of the brightness at 320 by 180 changes by more, of 255, the text is the same."""


def process(job: Job) -> None:
    """Read the text in the input ``video`` and write it to the output ``labels``."""
    given = job.parameters
    with (
        input_video(job) as video,
        job_labels(job, video.filename) as labels,
    ):
        reader = TextReader()

        def read(frame: Frame) -> list[Reading]:
            found = reader.read(frame.image(), float(given["confidence"]))
            return [each for each in found if _characters(each.text) >= int(given["minimum_characters"])]

        state = restored(
            _State(_sampler(video, given), TextTracker(), _LastRead()), job.checkpoint.load(None), _CLASSES
        )
        tracker, window, analysed = state.tracker, FrameWindow(read), _ChangedFrames(read, state.last)
        for frame, is_analysed in _marked(video, state, given.get("frame_stride")):
            if not is_analysed:
                window.add(frame)
                continue
            tracks, ended = tracker.add(frame.number, frame.time, analysed.read(frame))
            for track in tracks:
                if track.first == frame.number:
                    track.start_at(window.first_with(track.has))
            labels.events += [_event(each, window) for each in ended]
            window.clear()
            if tracks:
                objects = [_object(frame, each, video.selection.to_whole_frame(each.latest.box)) for each in tracks]
                labels.add_frame(VideoFrame(frame_number=frame.number, objects=objects))
            job.checkpoint.save(lambda: state_of(state, _CLASSES))
        labels.events += [_event(each, window) for each in tracker.finish()]
        labels.events.sort(key=_index)
        for name, sha256 in reader.weights.items():
            job.record_weights(name, sha256)
        video.write_metadata(labels)
    job.message(f"{tracker.count} texts in {video.count} frames")


@dataclass
class _LastRead:
    """Brightness of the last frame that was read, at 320 by 180, and its readings."""

    seen: Pixels | None = None
    readings: Sequence[Reading] = ()


@dataclass
class _State:
    """State of the job after an analysed frame, as checkpoints save it. ``place`` counts the frames of the range."""

    sampler: Sampler
    tracker: TextTracker
    last: _LastRead
    place: int = 0


_CLASSES = (Sampler, TextTracker, TextTrack, Reading, BoundingBox, _LastRead)


class _ChangedFrames:
    """Reads frames, and reuses the readings of the last one if a frame looks the same."""

    def __init__(self, read: Callable[[Frame], Sequence[Reading]], last: _LastRead) -> None:
        self._read = read
        self._last = last

    def read(self, frame: Frame) -> Sequence[Reading]:
        small, last = resized(frame.luma(), 320, 180), self._last
        if last.seen is None or cv2.norm(small, last.seen, cv2.NORM_INF) > UNCHANGED:
            last.seen, last.readings = small, self._read(frame)
        # The tracker tells readings of one frame apart by identity, so a repeated one must be a new object.
        return [replace(each) for each in last.readings]


def _sampler(video: Video, given: Mapping[str, JsonValue]) -> Sampler:
    rate = video.selection.fps
    return Sampler(rate if rate is not None or given.get("frame_stride") is not None else DEFAULT_RATE)


def _marked(video: Video, state: _State, stride: int | None) -> Iterator[tuple[Frame, bool]]:
    """Yield every frame, and whether it is analysed: at the requested rate, or every ``stride``-th, or at the default
    rate.
    """
    is_at_rate = video.selection.fps is not None
    for frame in video.every_frame():
        place, state.place = state.place, state.place + 1
        yield frame, state.sampler.takes(frame.time) and (is_at_rate or place % int(stride or 1) == 0)


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


def _event(track: TextTrack, window: FrameWindow) -> VideoEvent:
    """Return the event of a track whose end is in ``window``."""
    track.end_at(window.last_with(track.has))
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
