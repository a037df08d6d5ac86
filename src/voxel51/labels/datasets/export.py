"""Export of datasets: write the labels and frames of several videos as one archive, or estimate its size."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from voxel51.labels.datasets.archive import DatasetArchive
from voxel51.labels.datasets.layouts import LAYOUTS, Layout
from voxel51.labels.datasets.layouts.base import DatasetImage
from voxel51.labels.datasets.splits import split_videos
from voxel51.labels.datasets.videos import (
    DatasetVideo,
    LabelledFrames,
    class_names,
    is_wanted,
    read_video_labels,
    selected_labels,
    unique_names,
    wanted_frames,
)
from voxel51.labels.field_types import JsonValue
from voxel51.labels.formats.boxes import boxes_of
from voxel51.labels.media import ProgressCallback
from voxel51.labels.media.still_images import jpeg_of
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.video import VideoLabels
from voxel51.wire.datasets import SPLITS, DatasetDefinition, DatasetEstimate, DatasetPart

_SAMPLED_VIDEOS = 8
_SAMPLED_FRAMES = 3
_SAMPLE_GAP = 25
"""Frames between two that are encoded for an estimate: about a second apart, near the beginning of the video."""

_IMAGE_OVERHEAD_BYTES = 160
"""Entry of an image in a zip file, twice: before the image and in the directory at the end."""


@dataclass(slots=True)
class _Amounts:
    """Amounts of a dataset, counted while it is written."""

    parts: dict[str, DatasetPart] = field(default_factory=dict)
    boxes: Counter[str] = field(default_factory=Counter)

    def add(self, frames: LabelledFrames) -> None:
        part = self.parts.setdefault(frames.split, {"videos": 0, "frames": 0, "boxes": 0})
        found = Counter(box.label for box in boxes_of(frames.labels))
        part["videos"] += 1
        part["frames"] += len(frames.numbers)
        part["boxes"] += found.total()
        self.boxes += found


class DatasetWriter:
    """Writer of one dataset.

    Args:
        name: name of the dataset.
        videos: videos with their labels; they need paths of the videos if the dataset has images.
        definition: definition of the dataset.
        check_video: function that raises if a video may not be decoded whole.
    """

    def __init__(
        self,
        name: str,
        videos: Sequence[DatasetVideo],
        definition: DatasetDefinition,
        check_video: Callable[[Path], None] = lambda _path: None,
    ) -> None:
        self._name = name
        self._videos = videos
        self._definition = definition
        self._check_video = check_video
        self._names = unique_names(videos)
        self._splits = split_videos([video.key for video in videos], definition["split"], definition["seed"])

    def write(self, output: Path, progress: ProgressCallback | None = None) -> None:
        """Write the dataset to ``output``, a zip file.

        Raises:
            InvalidLabels: a file holds no labels of a video.
            UnreadableVideo: a video cannot be decoded.
            ValueError: the labels of a video do not contain what the format needs; the text names the video.
        """
        self._write(output, has_images=self._definition["images"], progress=progress)

    def estimate(self, folder: Path) -> DatasetEstimate:
        """Return the amounts and the size of the dataset. Files are written to ``folder``, and deleted.

        The labels are written as in `write`, without images; the size of images is that of a few frames near the
        beginning of some videos, by pixel, times the pixels of all images.

        Raises:
            As `write` does.
        """
        path = folder / "labels.zip"
        amounts = self._write(path, has_images=False)
        image_bytes = self._estimated_image_bytes() if self._definition["images"] else 0
        size_bytes = path.stat().st_size + image_bytes
        path.unlink()
        classes = {name: amounts.boxes[name] for name in self._classes()}
        return {"parts": amounts.parts, "classes": classes, "size_bytes": size_bytes, "image_bytes": image_bytes}

    def _write(self, output: Path, *, has_images: bool, progress: ProgressCallback | None = None) -> _Amounts:
        classes, amounts = self._classes(), _Amounts()
        splits = [split for split in SPLITS if split in self._splits.values()]
        with tempfile.TemporaryDirectory(dir=output.parent) as scratch, DatasetArchive(output) as archive:
            chosen = LAYOUTS[self._definition["format"]]
            layout = chosen(archive, classes, splits, Path(scratch), has_images=has_images)
            for position, video in enumerate(self._videos):
                if progress is not None and not has_images:
                    progress(position, len(self._videos))
                try:
                    frames = self._add_video(layout, video, position, progress)
                except ValueError as error:
                    raise ValueError(f"{video.filename!r}: {error}") from error
                amounts.add(frames)
            layout.finish()
            archive.add("dataset.json", json.dumps(self._description(classes, amounts), indent=2) + "\n")
        return amounts

    def _add_video(
        self, layout: Layout, video: DatasetVideo, position: int, progress: ProgressCallback | None
    ) -> LabelledFrames:
        labels, name, split = read_video_labels(video), self._names[video.key], self._splits[video.key]
        size: tuple[int, int] | None
        if layout.has_images:
            images = _Images(layout, name, split, self._definition)
            numbers, size = images.add(self._path_of(video), labels, _share_of(progress, position, len(self._videos)))
        else:
            numbers, size = wanted_frames(labels, self._definition), self._frame_size(video, labels)
        selected = selected_labels(labels, self._definition, numbers, size)
        frames = LabelledFrames(name, video.filename, split, selected, numbers)
        layout.add(frames)
        return frames

    def _frame_size(self, video: DatasetVideo, labels: VideoLabels) -> tuple[int, int] | None:
        """Return the frame size that the labels declare, otherwise that of the video; None if there is no video."""
        declared = labels.metadata.frame_size if labels.metadata else None
        return declared or (None if video.video is None else _size_of(self._path_of(video)))

    def _path_of(self, video: DatasetVideo) -> Path:
        if video.video is None:
            raise ValueError("its video is missing, which images are made of")
        self._check_video(video.video)
        return video.video

    def _classes(self) -> list[str]:
        if self._definition["classes"] is not None:
            return class_names([], self._definition)
        return class_names((read_video_labels(video) for video in self._videos), self._definition)

    def _estimated_image_bytes(self) -> int:
        step = max(1, len(self._videos) // _SAMPLED_VIDEOS)
        encoded = pixels = 0
        for video in self._videos[::step][:_SAMPLED_VIDEOS]:
            for jpeg, area in _samples(self._path_of(video), self._definition["quality"]):
                encoded, pixels = encoded + len(jpeg), pixels + area
        by_pixel = encoded / max(1, pixels)
        total = 0.0
        for video in self._videos:
            labels = read_video_labels(video)
            width, height = self._frame_size(video, labels) or (0, 0)
            count = len(wanted_frames(labels, self._definition))
            total += count * (width * height * by_pixel + _IMAGE_OVERHEAD_BYTES)
        return round(total)

    def _description(self, classes: Sequence[str], amounts: _Amounts) -> dict[str, JsonValue]:
        return {
            "name": self._name,
            "definition": self._definition,
            "classes": [*classes],
            "parts": amounts.parts,
            "videos": [
                {
                    "name": self._names[video.key],
                    "filename": video.filename,
                    "part": self._splits[video.key],
                    "jobs": [*video.job_ids],
                }
                for video in self._videos
            ],
        }


@dataclass(frozen=True, slots=True)
class _Images:
    """Images of one video."""

    layout: Layout
    name: str
    split: str
    definition: DatasetDefinition

    def add(self, path: Path, labels: VideoLabels, progress: ProgressCallback) -> tuple[list[int], tuple[int, int]]:
        """Decode the video and add its images; return the numbers of the frames that were added, and their size."""
        numbers: list[int] = []
        with VideoReader(path) as reader:
            declared = reader.metadata.total_frame_count
            for frame in reader:  # to the last: the number that the container declares may be too low
                progress(frame.number, declared)
                if is_wanted(labels, self.definition, frame.number):
                    numbers.append(frame.number)
                    image = DatasetImage(self.name, self.split, frame.number, len(numbers))
                    self.layout.add_image(image, jpeg_of(frame.image(), self.definition["quality"]))
            size = reader.metadata.frame_size or (0, 0)
        return numbers, size


def _samples(path: Path, quality: int) -> Iterator[tuple[bytes, int]]:
    """Yield a few frames as JPEG, and the pixels of each."""
    with VideoReader(path) as reader:
        for frame in reader:
            if (frame.number - 1) % _SAMPLE_GAP == 0:
                width, height = frame.size
                yield jpeg_of(frame.image(), quality), width * height
            if frame.number > _SAMPLE_GAP * (_SAMPLED_FRAMES - 1):
                break


def _size_of(path: Path) -> tuple[int, int]:
    with VideoReader(path) as reader:
        return reader.metadata.frame_size or (0, 0)


def _share_of(progress: ProgressCallback | None, position: int, count: int) -> ProgressCallback:
    """Return the callback for the progress of one of ``count`` videos, each of which counts for 1000 frames."""

    def report(done: int, total: int | None) -> None:
        if progress is not None:
            progress(position * 1000 + min(999, done * 1000 // max(total or done, done)), count * 1000)

    return report
