"""Videos of a dataset: read and merge their labels, map classes, and select frames."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

from voxel51.labels.formats.boxes import Box, boxes_of, frame_count
from voxel51.labels.merge import merge
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import UNNAMED_LABEL
from voxel51.labels.video import VideoFrame, VideoLabels
from voxel51.wire.datasets import DatasetDefinition

_UNSAFE = re.compile(r"[^\w-]+")  # without dots: WebDataset ends the name of a sample at the first one
_LONGEST_STEM = 80
"""Bytes of a video's name in UTF-8. With the number of the video and of the frame, and a suffix, it fits into a name in
a USTAR archive, 100 bytes."""


@dataclass(frozen=True, slots=True)
class DatasetVideo:
    """Video of a dataset, with the files that it is made of.

    Attributes:
        key: what identifies the video; decides its part.
        filename: file name of the video.
        labels: labels files of the video, which are merged.
        video: path of the video; None if the dataset has no images.
        job_ids: ids of the jobs that made the labels.
    """

    key: str
    filename: str
    labels: Sequence[Path]
    video: Path | None = None
    job_ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class LabelledFrames:
    """Frames of one video in a dataset.

    Attributes:
        name: name of the video in the dataset, a valid part of file names, unique in the dataset.
        filename: file name of the video.
        split: part of the dataset.
        labels: labels of exactly these frames, with classes as names; ``metadata.frame_size`` is known.
        numbers: numbers of the frames in the video, from 1, ascending.
    """

    name: str
    filename: str
    split: str
    labels: VideoLabels
    numbers: Sequence[int]

    def stem(self, number: int) -> str:
        """Return the name of a frame's files, without suffix, unique in the dataset."""
        return f"{self.name}-{number:06d}"

    def boxes(self) -> dict[int, list[Box]]:
        """Return the boxes of each frame by its number, also of frames without a box."""
        found: dict[int, list[Box]] = {number: [] for number in self.numbers}
        for box in boxes_of(self.labels):
            found[box.frame_number].append(box)
        return found


def read_video_labels(video: DatasetVideo) -> VideoLabels:
    """Return the labels of a video, those of several files merged.

    Raises:
        InvalidLabels: a file holds no labels of a video.
        ValueError: the files hold labels of different videos.
    """
    return reduce(merge, (VideoLabels.from_file(path) for path in video.labels))


def class_of(label: str | None, definition: DatasetDefinition) -> str | None:
    """Return the class that a label becomes; None if the dataset leaves it out."""
    name = definition["rename"].get(label or UNNAMED_LABEL, label or UNNAMED_LABEL)
    classes = definition["classes"]
    return None if name in definition["drop"] or (classes is not None and name not in classes) else name


def class_names(labels: Iterable[VideoLabels], definition: DatasetDefinition) -> list[str]:
    """Return the classes of a dataset in the order of their numbers: those of the definition, or sorted by name."""
    if definition["classes"] is not None:
        return [name for name in definition["classes"] if name not in definition["drop"]]
    found = {
        class_of(each.label, definition)
        for one in labels
        for number in one.frames_with_objects()
        for each in one.objects_in(number)
        if each.bounding_box is not None
    }
    return sorted(name for name in found if name is not None)


def is_wanted(labels: VideoLabels, definition: DatasetDefinition, number: int) -> bool:
    """Return whether a frame of a video belongs to a dataset.

    Frames outside of the labels' support, if they declare one, do not: they were not analysed.
    """
    if (number - 1) % definition["every"]:
        return False
    if definition["labelled_only"]:
        return _has_box(labels, number, definition)
    return labels.support is None or number in labels.support


def wanted_frames(labels: VideoLabels, definition: DatasetDefinition) -> list[int]:
    """Return the numbers of a video's frames that belong to a dataset, as far as the labels tell its frames."""
    numbers = range(1, frame_count(labels) + 1, definition["every"])
    return [number for number in numbers if is_wanted(labels, definition, number)]


def selected_labels(
    labels: VideoLabels, definition: DatasetDefinition, numbers: Sequence[int], size: tuple[int, int] | None
) -> VideoLabels:
    """Return the labels of some frames, with classes instead of labels. ``size`` replaces the frame size."""
    metadata = labels.metadata or VideoMetadata()
    if size is not None:
        metadata = replace(metadata, frame_size=size)
    frames = {}
    for number in numbers:
        named = [(each, class_of(each.label, definition)) for each in labels.objects_in(number)]
        objects = [replace(each, label=name) for each, name in named if name is not None]
        frames[number] = VideoFrame(frame_number=number, objects=objects)
    events = [
        replace(event, label=name) for event in labels.events if (name := class_of(event.label, definition)) is not None
    ]
    return VideoLabels(filename=labels.filename, metadata=metadata, frames=frames, events=events)


def unique_names(videos: Sequence[DatasetVideo]) -> Mapping[str, str]:
    """Return key of a video -> its name in the dataset: its file name without suffix, numbered where two are equal."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for video in videos:
        whole = _UNSAFE.sub("_", Path(video.filename).stem).strip("_-").encode()
        stem = whole[:_LONGEST_STEM].decode(errors="ignore") or "video"  # a character that is cut in two is left out
        name, number = stem, 1
        while name.lower() in taken:  # file systems may ignore case
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        names[video.key] = name
    return names


def _has_box(labels: VideoLabels, number: int, definition: DatasetDefinition) -> bool:
    return any(
        each.bounding_box is not None and class_of(each.label, definition) is not None
        for each in labels.objects_in(number)
    )
