"""Videos: the selected frames of a job's input video, with progress, warnings and metadata for the job."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, Literal, overload

from voxel51.labels.attributes import CategoricalAttribute
from voxel51.labels.media.containers import UnreadableVideo
from voxel51.labels.media.frame import FULL_FRAME, Frame, Pixels
from voxel51.labels.media.shared_video import FrameReader
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.video import VideoLabels
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.errors import InvalidInput
from voxel51.platform.frame_batches import DeviceLibrary, FrameStacker, frame_stacker
from voxel51.platform.job import Job
from voxel51.platform.part_frames import PartFrames
from voxel51.platform.selection import Sampler, Selection


class VideoFacts:
    """Facts about the video of a job.

    Attributes:
        selection: frames that the job's parameters select.
        count: number of frames so far.
        last_number, last_time: of the last of them.
    """

    def __init__(self, job: Job, reader: FrameReader) -> None:
        self._job = job
        self._reader = reader
        self.selection = Selection.of(job.parameters)
        self.count = 0
        self.last_number = 0
        self.last_time = 0.0

    @property
    def filename(self) -> str:
        """File name under which the owner uploaded the video."""
        return self._reader.name

    @property
    def metadata(self) -> VideoMetadata:
        """Metadata of the video. The number of frames and the duration are estimates until the last frame was read."""
        return self._reader.metadata

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height of the frames that are yielded, in pixels."""
        width, height = self.metadata.frame_size or (1, 1)
        left, top, right, bottom = self.selection.region
        return max(1, round(width * (right - left))), max(1, round(height * (bottom - top)))

    def write_metadata(self, labels: VideoLabels | VideoLabelsWriter) -> None:
        """Add the metadata of the video, provenance and warnings to ``labels``, after the last frame was read."""
        labels.metadata = self.metadata
        labels.provenance = self._job.provenance()
        labels.attributes += [CategoricalAttribute(name="warning", value=text) for text in self._job.warnings]

    def _report_amount(self, name: str, count: int) -> None:
        known = self.metadata
        self._job.record_input(name, known.to_json())
        is_whole = count == known.total_frame_count
        seconds = known.duration if is_whole else count / (known.frame_rate or 25.0)
        self._job.record_amount(count, round(seconds or 0.0, 3), known.size_bytes or 0)


class Video(VideoFacts):
    """Video input of a job: ``for frame in video`` yields each selected frame once, in order.

    In a job that goes on from a checkpoint, the frames before it are decoded and counted, but not yielded. A part of a
    split job yields the frames of its part, and those of its overlap before and after them.

    Progress is reported while frames are read. After the last one, the job has the metadata of the video, the amount
    that was analysed, and the warnings.

    Attributes:
        selection: frames that the job's parameters select. Frames are those of its range, at the rate of its ``fps``,
            cropped to its region, and numbered as in the whole video.
        count: number of frames so far.
        last_number, last_time: of the last of them.
        part: frames of the part, if the job is split; None for all that are selected.
    """

    def __init__(self, job: Job, name: str, reader: FrameReader) -> None:
        super().__init__(job, reader)
        self._name = name
        self._strict = bool(job.parameters.get("strict"))
        self.part: PartFrames | None = None
        if job.part is not None and isinstance(reader, VideoReader):  # parts are never read from a shared video
            self._start_near = reader.start_near
            self.part = PartFrames.of(job.part, self.selection, reader, job.inputs[name])
        self._resumed_after = job.checkpoint.position(name)
        job.checkpoint.follow(name, lambda: self.last_number)

    def __iter__(self) -> Iterator[Frame]:
        sampler = Sampler(self.selection.fps)
        # The sampler sees every frame, so that a part, and a job that goes on from a checkpoint, take the same ones.
        for time in self.times_before():
            sampler.takes(time)
        return self._after_checkpoint(frame for frame in self._range() if sampler.takes(frame.time))

    def every_frame(self) -> Iterator[Frame]:
        """Yield every frame of the selected range, whatever ``fps`` selects."""
        return self._after_checkpoint(self._range())

    def widen_part(self, before: int = 0, after: int = 0) -> None:
        """Read at least so many frames before and after those of a part, of those that ``fps`` selects. Call it before
        frames are read; in a job that is not split, it does nothing.
        """
        if self.part is not None:
            fps = self.selection.fps
            self.part.widen_frames(before, after, None if fps is None else self.part.taken_by(Sampler(fps)))

    @property
    def frames_before(self) -> int:
        """Number of the frames that ``fps`` selects before the first one that is read: 0, except in a part."""
        sampler = Sampler(self.selection.fps)
        return sum(sampler.takes(time) for time in self.times_before())

    def times_before(self) -> Iterable[float]:
        """Return the times of the selected frames before the first one that is read: none, except in a part."""
        return () if self.part is None else self.part.times_before()

    def _after_checkpoint(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        return (frame for frame in frames if frame.number > self._resumed_after)

    def _range(self) -> Iterator[Frame]:
        """Yield the frames of the selected range, and count them."""
        chosen, part = self.selection, self.part
        if part is not None and part.index is not None:
            self._start_near(part.index, part.first)
        for frame in self._reader:
            if chosen.ends_before(frame.number, frame.time) or (part is not None and part.ends_before(frame.number)):
                break
            if chosen.begins_by(frame.number, frame.time) and (part is None or frame.number >= part.first):
                self.count += part is None or part.has(frame.number)
                self.last_number, self.last_time = frame.number, frame.time
                yield frame if chosen.region == FULL_FRAME else frame.part(chosen.region)
            self._report_progress(frame.number)
        else:
            self._warn()
        if not self.count:
            raise InvalidInput(
                f"no frame of {self.filename!r} is selected; it has {self._reader.frames_decoded} frames "
                f"and lasts {self.metadata.duration or 0:.2f} s"
            )
        self._report_amount(self._name, self.count)
        self._report_end()

    def _report_progress(self, number: int) -> None:
        if self.part is not None:
            begin = self.part.first - 1
            self._job.progress(max(0, number - begin), self.part.last - begin + 1)
            return
        # The estimate may be too low, and progress must not reach 100 % before the last frame.
        self._job.progress(number, self._expected(number))

    def _report_end(self) -> None:
        decoded = self._reader.frames_decoded if self.part is None else self.part.last - self.part.first + 1
        self._job.progress(decoded, decoded)

    @overload
    def batches(self, size: int, device: Literal["cpu"] = "cpu") -> Iterator[tuple[list[Frame], Pixels]]: ...

    @overload
    def batches(
        self, size: int, device: str, library: DeviceLibrary | None = None
    ) -> Iterator[tuple[list[Frame], Any]]: ...

    def batches(
        self, size: int, device: str = "cpu", library: DeviceLibrary | None = None
    ) -> Iterator[tuple[list[Frame], Any]]:
        """Yield the selected frames ``size`` at a time, with their images: BGR, uint8 [N, H, W, 3].

        The last batch may be smaller. On a GPU, the images are valid on the current stream of the library, and are
        copied while the next frames are decoded.

        Args:
            size: number of frames of a batch.
            device: ``cpu`` for NumPy arrays; ``cuda`` or ``cuda:N`` for arrays on that GPU; ``auto`` for arrays on the
                first GPU, or NumPy arrays on a machine without. All of them can be read by ``from_dlpack`` of other
                libraries.
            library: what makes the arrays on a GPU: ``torch`` (``torch.Tensor``) or ``cupy`` (``cupy.ndarray``); by
                default the one that is already imported, or else installed, PyTorch first.

        Raises:
            ValueError: an argument is invalid.
            UnavailableDevice: the GPU, or a library for it, is missing. With ``auto``, never.
        """
        if size < 1:
            raise ValueError(f"the size of a batch must be at least 1, not {size}")
        return self._stacked(size, frame_stacker(device, library))

    def _stacked(self, size: int, stacker: FrameStacker) -> Iterator[tuple[list[Frame], Any]]:
        with closing(stacker):
            frames = iter(self)
            while batch := list(islice(frames, size)):
                yield batch, stacker.stack(batch)

    def emit(self, labels: VideoLabels) -> None:
        """Show what ``labels`` has so far while the job runs, and keep it if the job fails: partial results.

        Call it when a frame is labelled, as often as you like: only new frames and events are sent, once a second at
        most, and a platform that is slow does not delay the job. Changes of earlier frames are in the output only.
        """
        self._job.partial.add_labels(labels)

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


@contextmanager
def input_video(job: Job, name: str = "video") -> Iterator[Video]:
    """Open the input ``name`` of ``job`` as a video; leaving the block closes it.

    The job's parameters select the frames (`voxel51.platform.parameter_groups`). A damaged or truncated video is
    analysed as far as it decodes, with a warning; the parameter ``strict`` rejects it after its last frame.

    Raises:
        InvalidInput: the file is not a video, no frame can be decoded or is selected, or ``strict`` rejects it.
    """
    try:
        reader = (job.open_video or VideoReader)(job.inputs[name], job.filenames.get(name))
    except UnreadableVideo as error:
        raise InvalidInput(str(error)) from None
    with reader:
        yield Video(job, name, reader)
