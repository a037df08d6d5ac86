"""Base of layouts: the steps in which a dataset is written."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel51.labels.datasets.archive import DatasetArchive
from voxel51.labels.datasets.videos import LabelledFrames


@dataclass(frozen=True, slots=True)
class DatasetImage:
    """Place of one image in a dataset.

    Attributes:
        video: name of the video in the dataset.
        split: part of the dataset.
        number: number of the frame in the video, from 1.
        position: position among the frames of the video in the dataset, from 1.
    """

    video: str
    split: str
    number: int
    position: int

    @property
    def stem(self) -> str:
        """Name of the image without suffix, unique in the dataset."""
        return f"{self.video}-{self.number:06d}"


class Layout(ABC):
    """Writer of a dataset in one format. For each video, first its images are added, then its labels.

    Args:
        archive: the archive to write.
        classes: names of the classes in the order of their numbers.
        splits: parts of the dataset that have a video.
        scratch: an empty folder for files that are not complete yet.
        has_images: whether images are added.
    """

    def __init__(
        self, archive: DatasetArchive, classes: Sequence[str], splits: Sequence[str], scratch: Path, *, has_images: bool
    ) -> None:
        self.archive = archive
        self.classes = classes
        self.splits = splits
        self.scratch = scratch
        self.has_images = has_images

    @abstractmethod
    def image_path(self, image: DatasetImage) -> str:
        """Return the path of an image in the archive."""

    @abstractmethod
    def add(self, frames: LabelledFrames) -> None:
        """Add the labels of a video."""

    def add_image(self, image: DatasetImage, jpeg: bytes) -> None:
        """Add an image."""
        self.archive.add(self.image_path(image), jpeg)

    def finish(self) -> None:  # noqa: B027  (some formats have no such files)
        """Add the files that concern all videos."""

    def images_of(self, frames: LabelledFrames) -> list[DatasetImage]:
        """Return the images of a video, in the order of its frames."""
        return [
            DatasetImage(frames.name, frames.split, number, position)
            for position, number in enumerate(frames.numbers, start=1)
        ]
