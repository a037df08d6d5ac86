"""The frames of a job's video, numbered exactly, with everything around them that every analytic owes its job."""

from collections.abc import Iterator
from contextlib import contextmanager

from voxel51.labels.attributes import Attribute, CategoricalAttribute
from voxel51.labels.media.containers import UnreadableVideo
from voxel51.labels.media.frames import VideoReader
from voxel51.labels.media.pictures import Frame
from voxel51.labels.metadata import VideoMetadata
from voxel51.platform.errors import InvalidInput
from voxel51.platform.job import Job


class InputVideo:
    """A video that a job was given: ``for frame in video`` gives each of its frames once, in order.

    While frames are taken, progress is reported. After the last one the job has been told what the video is, how
    much of it was analysed, and what is wrong with it.
    """

    def __init__(self, job: Job, name: str, reader: VideoReader, *, strict: bool) -> None:
        self._job = job
        self._name = name
        self._reader = reader
        self._strict = strict

    @property
    def filename(self) -> str:
        """What its owner calls it."""
        return self._reader.name

    @property
    def metadata(self) -> VideoMetadata:
        """What is known of it. Number of frames and duration are an estimate until the last frame was taken."""
        return self._reader.metadata

    def __iter__(self) -> Iterator[Frame]:
        estimate = self.metadata.total_frame_count
        for frame in self._reader:
            yield frame
            # The estimate may be too low; a job is not done before its last frame.
            self._job.progress(frame.number, max(estimate, frame.number + 1) if estimate else None)
        self._settle()

    def warning_attributes(self) -> list[Attribute]:
        """The job's warnings as they are repeated in its labels."""
        return [CategoricalAttribute(name="warning", value=text) for text in self._job.warnings]

    def _settle(self) -> None:
        warnings = self._reader.warnings()
        if warnings and self._strict:
            raise InvalidInput(f"{self.filename!r} is refused because strict is set: {'; '.join(warnings)}")
        for text in warnings:
            self._job.warn(text)
        known = self.metadata
        self._job.record_input(self._name, known.to_json())
        count = known.total_frame_count or 0
        self._job.record_amount(count, known.duration or 0.0, known.size_bytes or 0)
        self._job.progress(count, count)


@contextmanager
def input_video(job: Job, name: str = "video", *, strict: bool = False) -> Iterator[InputVideo]:
    """The input ``name`` of ``job``, open as a video; leaving the block closes it.

    A damaged or short video is analysed as far as it decodes, with a warning; ``strict`` refuses it, after its last
    frame.

    Raises:
        InvalidInput: it is no video, no frame of it can be decoded, or ``strict`` refuses it.
    """
    try:
        reader = VideoReader(job.inputs[name], job.filenames.get(name))
    except UnreadableVideo as error:
        raise InvalidInput(str(error)) from None
    with reader:
        yield InputVideo(job, name, reader, strict=strict)
