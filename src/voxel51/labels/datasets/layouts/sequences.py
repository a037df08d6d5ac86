"""Layouts in which each video is a sequence: MOT Challenge and CVAT. Frames are numbered as images of the sequence."""

import tempfile
from dataclasses import replace
from pathlib import Path

from voxel51.labels.datasets.layouts.base import DatasetImage, Layout
from voxel51.labels.datasets.videos import LabelledFrames
from voxel51.labels.formats import cvat, mot
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.video import VideoLabels


class MotLayout(Layout):
    """MOT Challenge: ``<part>/<video>/`` with ``gt/``, ``det/``, ``seqinfo.ini`` and ``img1/``."""

    def image_path(self, image: DatasetImage) -> str:
        """Return the path of an image in the archive."""
        return f"{image.split}/{image.video}/img1/{image.position:06d}.jpg"

    def add(self, frames: LabelledFrames) -> None:
        """Add the labels of a video."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as name:
            mot.write(_as_sequence(frames), Path(name), self.classes)
            self.archive.add_folder(f"{frames.split}/{frames.name}", Path(name))


class CvatLayout(Layout):
    """CVAT for video 1.1: ``<part>/<video>/annotations.xml`` and ``images/``, an archive to upload for each video."""

    def image_path(self, image: DatasetImage) -> str:
        """Return the path of an image in the archive."""
        return f"{image.split}/{image.video}/images/frame_{image.position - 1:06d}.jpg"

    def add(self, frames: LabelledFrames) -> None:
        """Add the labels of a video."""
        path = self.scratch / "annotations.xml"
        cvat.write(_as_sequence(frames), path)
        self.archive.add_file(f"{frames.split}/{frames.name}/annotations.xml", path)
        path.unlink()


def _as_sequence(frames: LabelledFrames) -> VideoLabels:
    """Return the labels with the frames numbered from 1 without gaps, as the images of the sequence are."""
    labels, count = frames.labels, len(frames.numbers)
    metadata = labels.metadata or VideoMetadata()
    rate = metadata.frame_rate
    if rate and count > 1:
        rate = rate * (count - 1) / (frames.numbers[-1] - frames.numbers[0])
    renumbered = {
        position: replace(labels.frames[number], frame_number=position)
        for position, number in enumerate(frames.numbers, start=1)
    }
    return VideoLabels(
        filename=frames.filename,
        metadata=replace(metadata, total_frame_count=count, frame_rate=rate),
        frames=renumbered,
    )
