"""Label builder: labels of all kinds, added by one call each, in memory and by the writer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.video_samples import numbered_video
from voxel51.labels.attributes import BooleanAttribute, CategoricalAttribute, NumericAttribute
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.masks import decode
from voxel51.labels.media.frame import Frame, Region
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.video import VideoLabels
from voxel51.labels.writer import VideoLabelsWriter


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    path = numbered_video(tmp_path_factory.mktemp("builder") / "in.mp4", times_ms=[0, 40, 80])
    with VideoReader(path) as reader:
        return list(reader)


def add_everything(labels: VideoLabels | VideoLabelsWriter, frames: list[Frame]) -> None:
    first, second, _ = frames
    width, height = first.size
    box = (width / 4, height / 2, width, height)
    labels.add_box(first, "car", box, confidence=np.float32(0.5), index=3, mask=np.eye(2, dtype=bool), colour="red")
    labels.add_box(first, "outside", (-20, -20, -10, -10))
    labels.add_box(second, "whole", BoundingBox(0, 0, 1, 1), parked=True, speed=np.float64(2.5), nothing=None)
    labels.add_keypoints(second, "corner", [(0, 0), (width, height)], confidence=[0.5, 1], index=1)
    labels.add_mask(second, np.array([[0, 1]], np.uint8), {1: "road"})
    labels.add_frame_attributes(second, brightness=12)
    labels.add_attributes(weather="fog")
    labels.add_event("stop", first, 3, confidence=0.25, sure=False)


def check(labels: VideoLabels) -> None:
    (car,) = labels.frames[1].objects
    assert car.bounding_box == BoundingBox(0.25, 0.5, 1, 1)
    assert (car.label, car.confidence, car.index, car.frame_number) == ("car", 0.5, 3, 1)
    assert car.attributes == [CategoricalAttribute(name="colour", value="red")]
    assert decode(str(car.mask)).tolist() == [[True, False], [False, True]]
    (whole,) = labels.frames[2].objects
    assert whole.attributes == [
        BooleanAttribute(name="parked", value=True),
        NumericAttribute(name="speed", value=2.5),
    ]
    (corner,) = labels.frames[2].keypoints
    assert (corner.points, corner.confidence) == ([[0, 0], [1, 1]], [0.5, 1])
    assert decode(str(labels.frames[2].mask)).tolist() == [[0, 1]]
    assert labels.frames[2].mask_index[1].value == "road"
    assert labels.frames[2].attributes == [NumericAttribute(name="brightness", value=12)]
    assert labels.attributes == [CategoricalAttribute(name="weather", value="fog")]
    (stop,) = labels.events
    assert stop.support is not None
    assert (stop.label, stop.support.ranges, stop.confidence) == ("stop", ((1, 3),), 0.25)
    assert 3 not in labels.frames


def test_labels_in_memory(frames: list[Frame], tmp_path: Path) -> None:
    labels = VideoLabels()

    add_everything(labels, frames)

    labels.to_file(tmp_path / "labels.json")
    check(VideoLabels.from_file(tmp_path / "labels.json"))


def test_labels_that_are_written(frames: list[Frame], tmp_path: Path) -> None:
    with VideoLabelsWriter.open(tmp_path / "labels.json") as labels:
        add_everything(labels, frames)

    check(VideoLabels.from_file(tmp_path / "labels.json"))


def test_a_written_frame_is_final(frames: list[Frame], tmp_path: Path) -> None:
    with VideoLabelsWriter.open(tmp_path / "labels.json") as labels:
        labels.add_frame_attributes(frames[1], brightness=2)
        with pytest.raises(ValueError, match="frame 1 comes after frame 2"):
            labels.add_frame_attributes(frames[0], brightness=1)

    assert list(VideoLabels.from_file(tmp_path / "labels.json").frames) == [2]


def test_pixels_of_a_part_become_fractions_of_the_frame(frames: list[Frame]) -> None:
    part = frames[0].part(Region(0.5, 0.5, 1, 1))
    width, height = part.size

    assert part.box(0, 0, width / 2, height) == BoundingBox(0.5, 0.5, 0.75, 1)
    assert part.point(width, height) == (1, 1)


@pytest.mark.parametrize("value", [[1], {"a": 1}, 1j])
def test_values_of_other_types_are_refused(value: Any, frames: list[Frame]) -> None:
    with pytest.raises(TypeError, match="attribute 'fact' must be text, a number or a boolean, not"):
        VideoLabels().add_frame_attributes(frames[0], fact=value)
