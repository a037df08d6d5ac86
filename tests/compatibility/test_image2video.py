"""The original SDK for image-to-video analytics: frames in, labels out."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from voxel51.image2video import core
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.image import ImageLabels
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoLabels


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders of the contract, below a folder of the test."""
    frames = tmp_path / "inputs" / "frames"
    frames.mkdir(parents=True)
    monkeypatch.setattr(core, "IMAGE_TO_VIDEO_FRAMES_DIR", str(frames))
    monkeypatch.setattr(core, "IMAGE_TO_VIDEO_LABELS_PATH", str(tmp_path / "outputs" / "labels.json"))
    return tmp_path


def write_frame(shared: Path, name: str, blue: int = 0) -> None:
    image = np.zeros((24, 32, 3), np.uint8)
    image[:, :, 0] = blue
    cv2.imwrite(str(shared / "inputs" / "frames" / name), image)


def labels_in(shared: Path) -> Any:
    return json.loads((shared / "outputs" / "labels.json").read_text())


def test_frames_are_read_in_order_with_their_numbers_as_rgb(shared: Path) -> None:
    for number in (12, 3, 100000):
        write_frame(shared, f"{number:06d}.png", blue=number % 200)
    (shared / "inputs" / "frames" / "readme.txt").write_text("not a frame")

    images = dict(core.read_images())

    assert list(images) == [3, 12, 100000]
    assert (images[12].shape, images[12].dtype) == ((24, 32, 3), np.uint8)
    assert images[12][0, 0].tolist() == [0, 0, 12]


def test_predictions_are_labels_of_a_video_by_frame(shared: Path) -> None:
    box = BoundingBox.clipped(0.1, 0.2, 0.3, 0.4)
    predictions = core.Predictions()

    predictions.add(2, ImageLabels(filename="000002.png", objects=[DetectedObject(label="car", bounding_box=box)]))
    predictions.add(1, {"attrs": {"attrs": []}})
    core.write_predictions(predictions)

    labels = VideoLabels.from_json(labels_in(shared))
    assert list(labels_in(shared)["frames"]) == ["1", "2"]
    assert labels.frames[2].frame_number == 2
    assert [each.label for each in labels.frames[2].objects] == ["car"]


def test_numbers_of_numpy_are_written_as_numbers(shared: Path) -> None:
    predictions = core.Predictions()

    predictions.add(
        1, {"objects": {"objects": [{"label": "car", "confidence": np.float32(0.5), "index": np.int64(3)}]}}
    )
    core.write_predictions(predictions)

    (car,) = VideoLabels.from_json(labels_in(shared)).frames[1].objects
    assert (car.confidence, car.index) == (0.5, 3)


def test_labels_of_the_library_eta_are_taken(shared: Path) -> None:
    eta = pytest.importorskip("eta.core.image")
    objects = pytest.importorskip("eta.core.objects")
    geometry = pytest.importorskip("eta.core.geometry")
    labels = eta.ImageLabels()
    box = geometry.BoundingBox.from_coords(0.1, 0.2, 0.3, 0.4)
    labels.add_object(objects.DetectedObject(label="car", bounding_box=box))
    predictions = core.Predictions()

    predictions.add(5, labels)
    core.write_predictions(predictions)

    read = VideoLabels.from_json(labels_in(shared))
    assert [each.label for each in read.frames[5].objects] == ["car"]


def test_without_frames_the_labels_are_an_empty_object(shared: Path) -> None:
    assert list(core.read_images()) == []

    core.write_predictions(core.Predictions())

    assert labels_in(shared) == {}


def test_an_unreadable_frame_is_named(shared: Path) -> None:
    (shared / "inputs" / "frames" / "000001.png").write_bytes(b"not an image")

    with pytest.raises(ValueError, match=r"000001\.png"):
        list(core.read_images())


@pytest.mark.parametrize(("number", "labels", "error"), [(0, {}, ValueError), (1, "text", TypeError)])
def test_invalid_predictions_are_rejected(number: int, labels: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="frame"):
        core.Predictions().add(number, labels)
