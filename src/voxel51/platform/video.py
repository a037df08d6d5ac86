"""Videos: the selected frames of a job's input video, with progress, warnings and metadata for the job."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

import numpy as np

from voxel51.labels.attributes import CategoricalAttribute
from voxel51.labels.media.containers import UnreadableVideo
from voxel51.labels.media.frame import FULL_FRAME, Frame, Pixels
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.video import VideoLabels
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.errors import InvalidInput
from voxel51.platform.job import Job
from voxel51.platform.selection import Sampler, Selection


class Video:
    """Video input of a job: ``for frame in video`` yields each selected frame once, in order.

    In a job that goes on from a checkpoint, the frames before it are decoded and counted, but not yielded.

    Progress is reported while frames are read. After the last one, the job has the metadata of the video, the amount
    that was analysed, and the warnings.

    Attributes:
        selection: frames that the job's parameters select. Frames are those of its range, at the rate of its ``fps``,
            cropped to its region, and numbered as in the whole video.
        count: number of frames so far.
        last_number, last_time: of the last of them.
    """

    def __init__(self, job: Job, name: str, reader: VideoReader) -> None:
        self._job = job
        self._name = name
        self._reader = reader
        self._strict = bool(job.parameters.get("strict"))
        self.selection = Selection.of(job.parameters)
        self.count = 0
        self.last_number = 0
        self.last_time = 0.0
        self._resumed_after = job.checkpoint.position(name)
        job.checkpoint.follow(name, lambda: self.last_number)

    @property
    def filename(self) -> str:
        """File name under which the owner uploaded the video."""
        return self._reader.name

    @property
    def metadata(self) -> VideoMetadata:
        """Metadata of the video. The number of frames and the duration are estimates until the last frame was read."""
        return self._reader.metadata

    def __iter__(self) -> Iterator[Frame]:
        sampler = Sampler(self.selection.fps)
        # The sampler sees every frame, so that a job that goes on from a checkpoint takes the same ones.
        return self._after_checkpoint(frame for frame in self._range() if sampler.takes(frame.time))

    def every_frame(self) -> Iterator[Frame]:
        """Yield every frame of the selected range, whatever ``fps`` selects."""
        return self._after_checkpoint(self._range())

    def _after_checkpoint(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        return (frame for frame in frames if frame.number > self._resumed_after)

    def _range(self) -> Iterator[Frame]:
        """Yield the frames of the selected range, and count them."""
        chosen = self.selection
        for frame in self._reader:
            if chosen.ends_before(frame.number, frame.time):
                break
            if chosen.begins_by(frame.number, frame.time):
                self.count += 1
                self.last_number, self.last_time = frame.number, frame.time
                yield frame if chosen.region == FULL_FRAME else frame.part(chosen.region)
            # The estimate may be too low, and progress must not reach 100 % before the last frame.
            self._job.progress(frame.number, self._expected(frame.number))
        else:
            self._warn()
        if not self.count:
            raise InvalidInput(
                f"no frame of {self.filename!r} is selected; it has {self._reader.frames_decoded} frames "
                f"and lasts {self.metadata.duration or 0:.2f} s"
            )
        self._report()

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height of the frames that are yielded, in pixels."""
        width, height = self.metadata.frame_size or (1, 1)
        left, top, right, bottom = self.selection.region
        return max(1, round(width * (right - left))), max(1, round(height * (bottom - top)))

    def batches(self, size: int) -> Iterator[tuple[list[Frame], Pixels]]:
        """Yield the selected frames ``size`` at a time, with their images: BGR, uint8 [N, H, W, 3].

        The last batch may be smaller.
        """
        frames = iter(self)
        while batch := list(islice(frames, size)):
            yield batch, np.stack([frame.image() for frame in batch])

    def emit(self, labels: VideoLabels) -> None:
        """Show what ``labels`` has so far while the job runs, and keep it if the job fails: partial results.

        Call it when a frame is labelled, as often as you like: only new frames and events are sent, once a second at
        most, and a platform that is slow does not delay the job. Changes of earlier frames are in the output only.
        """
        self._job.partial.add_labels(labels)

    def write_metadata(self, labels: VideoLabels | VideoLabelsWriter) -> None:
        """Add the metadata of the video, provenance and warnings to ``labels``, after the last frame was read."""
        labels.metadata = self.metadata
        labels.provenance = self._job.provenance()
        labels.attributes += [CategoricalAttribute(name="warning", value=text) for text in self._job.warnings]

    def _expected(self, number: int) -> int | None:
        """Return the estimated number of decoded frames at the end; None if unknown."""
        ends = [self.selection.last_frame, self.metadata.total_frame_count]
        if self.selection.end_seconds is not None and self.metadata.frame_rate:
            ends.append(round(self.selection.end_seconds * self.metadata.frame_rate))
        known = [end for end in ends if end]
        return max(min(known), number + 1) if known else None

    def _warn(self) -> None:
        warnings = self._reader.warnings()
        if warnings and self._strict:
            raise InvalidInput(f"{self.filename!r} is rejected because strict is set: {'; '.join(warnings)}")
        for text in warnings:
            self._job.warn(text)

    def _report(self) -> None:
        known, decoded = self.metadata, self._reader.frames_decoded
        self._job.record_input(self._name, known.to_json())
        is_whole = self.count == known.total_frame_count
        seconds = known.duration if is_whole else self.count / (known.frame_rate or 25.0)
        self._job.record_amount(self.count, round(seconds or 0.0, 3), known.size_bytes or 0)
        self._job.progress(decoded, decoded)


@contextmanager
def input_video(job: Job, name: str = "video") -> Iterator[Video]:
    """Open the input ``name`` of ``job`` as a video; leaving the block closes it.

    The job's parameters select the frames (`voxel51.platform.parameter_groups`). A damaged or truncated video is
    analysed as far as it decodes, with a warning; the parameter ``strict`` rejects it after its last frame.

    Raises:
        InvalidInput: the file is not a video, no frame can be decoded or is selected, or ``strict`` rejects it.
    """
    try:
        reader = VideoReader(job.inputs[name], job.filenames.get(name))
    except UnreadableVideo as error:
        raise InvalidInput(str(error)) from None
    with reader:
        yield Video(job, name, reader)
