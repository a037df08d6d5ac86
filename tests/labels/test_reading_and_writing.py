import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from voxel51.labels.attributes import BooleanAttribute, CategoricalAttribute, NumericAttribute
from voxel51.labels.errors import InvalidLabels
from voxel51.labels.events import DetectedEvent, VideoEvent
from voxel51.labels.geometry import BoundingBox, Keypoints, Polyline
from voxel51.labels.image import ImageLabels
from voxel51.labels.metadata import ImageMetadata, VideoMetadata
from voxel51.labels.objects import DetectedObject, VideoObject
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame, VideoLabels
from voxel51.labels.writer import VideoLabelsWriter

MASK = "eJyb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgrGmjoKtQpkAy4GRgYgAAAckBu5"

EXAMPLE: dict[str, Any] = {
    "filename": "gate.mp4",
    "metadata": {
        "frame_size": [640, 360],
        "frame_rate": 25.0,
        "total_frame_count": 3,
        "duration": 0.12,
        "size_bytes": 18231,
        "mime_type": "video/mp4",
        "encoding_str": "avc1",
    },
    "mask_index": {"index": {"1": {"type": "eta.core.data.CategoricalAttribute", "name": "label", "value": "road"}}},
    "attrs": {
        "attrs": [
            {
                "type": "eta.core.data.CategoricalAttribute",
                "name": "weather",
                "value": "fog",
                "confidence": 0.8,
                "constant": True,
            }
        ]
    },
    "frames": {
        "1": {
            "frame_number": 1,
            "mask": MASK,
            "attrs": {"attrs": [{"type": "eta.core.data.NumericAttribute", "name": "lux", "value": 12.5}]},
            "objects": {
                "objects": [
                    {
                        "type": "eta.core.objects.DetectedObject",
                        "label": "car",
                        "bounding_box": {"top_left": {"x": 0.1, "y": 0.2}, "bottom_right": {"x": 0.4, "y": 0.6}},
                        "confidence": 0.91,
                        "index": 7,
                        "frame_number": 1,
                        "attrs": {
                            "attrs": [{"type": "eta.core.data.BooleanAttribute", "name": "parked", "value": True}]
                        },
                    }
                ]
            },
            "events": {
                "events": [{"type": "eta.core.events.DetectedEvent", "label": "stop", "index": 2, "frame_number": 1}]
            },
        },
        "3": {"frame_number": 3},
    },
    "objects": {
        "objects": [
            {
                "type": "eta.core.objects.VideoObject",
                "label": "person",
                "index": 3,
                "support": {"ranges": "2-3"},
                "frames": {
                    "2": {
                        "type": "eta.core.objects.DetectedObject",
                        "frame_number": 2,
                        "bounding_box": {"top_left": {"x": 0.0, "y": 0.0}, "bottom_right": {"x": 0.5, "y": 1.0}},
                    }
                },
            }
        ]
    },
    "events": {
        "events": [
            {
                "type": "eta.core.events.VideoEvent",
                "label": "gate opening",
                "confidence": 0.5,
                "index": 1,
                "support": {"ranges": "2-3"},
            }
        ]
    },
}

BOX = BoundingBox(0.1, 0.2, 0.5, 0.9)


def labels_with_everything() -> VideoLabels:
    return VideoLabels(
        filename="gate.mp4",
        metadata=VideoMetadata(frame_size=(640, 360), frame_rate=25.0, total_frame_count=9),
        mask_index={1: CategoricalAttribute(name="label", value="road")},
        attributes=[CategoricalAttribute(name="weather", value="fog", top_k_probs={"fog": 0.8, "rain": 0.2})],
        support=Support.of_frames([1, 2, 3, 7]),
        frames={
            4: VideoFrame(
                frame_number=4,
                mask=MASK,
                attributes=[NumericAttribute(name="lux", value=3)],
                objects=[DetectedObject(label="car", bounding_box=BOX, index=0, confidence=0.0, mask=MASK)],
                keypoints=[Keypoints(label="hand", points=[[0.1, 0.2]], confidence=[0.5])],
                polylines=[Polyline(label="lane", points=[[[0.1, 0.2], [0.3, 0.4]]], closed=False)],
                events=[DetectedEvent(label="stop", bounding_box=BOX, objects=[DetectedObject(label="sign")])],
            )
        },
        objects=[
            VideoObject(
                label="dog",
                index=5,
                support=Support.of(2, 2),
                frames={2: DetectedObject(frame_number=2, bounding_box=BOX)},
                attributes=[BooleanAttribute(name="wet", value=False, constant=True)],
            )
        ],
        events=[VideoEvent(label="walk", support=Support(((1, 2), (5, 9))), confidence=0.25)],
    )


def test_a_document_is_written_back_unchanged() -> None:
    assert VideoLabels.from_json(EXAMPLE).to_json() == {
        **EXAMPLE,
        "metadata": {**EXAMPLE["metadata"], "frame_size": (640, 360)},
    }


def test_every_field_survives_writing_and_reading(tmp_path: Path) -> None:
    said = labels_with_everything()

    said.to_file(tmp_path / "labels.json")

    assert VideoLabels.from_file(tmp_path / "labels.json") == said
    assert [each.name for each in tmp_path.iterdir()] == ["labels.json"]


def test_labels_of_an_image_survive_writing_and_reading(tmp_path: Path) -> None:
    said = ImageLabels(
        filename="gate.jpg",
        metadata=ImageMetadata(frame_size=(4, 3), num_channels=3),
        objects=[DetectedObject(label="car", bounding_box=BOX)],
        tags=["dusk"],
    )

    said.to_file(tmp_path / "labels.json")

    assert ImageLabels.from_file(tmp_path / "labels.json") == said


def test_empty_labels_are_an_empty_object() -> None:
    assert VideoLabels().to_json() == {}
    assert VideoLabels.from_json({}) == VideoLabels()
    assert VideoLabels.from_json({"frames": None, "objects": None, "unheard_of": 1}) == VideoLabels()


def test_a_frame_without_a_number_gets_that_of_its_key() -> None:
    assert VideoLabels.from_json({"frames": {"12": {}}}).frames[12].frame_number == 12


def test_objects_of_a_frame_include_both_forms_of_tracks() -> None:
    labels = VideoLabels.from_json(EXAMPLE)

    assert [(each.label, each.index) for each in labels.objects_in(1)] == [("car", 7)]
    assert [(each.label, each.index) for each in labels.objects_in(2)] == [("person", 3)]
    assert list(labels.objects_in(3)) == []


def test_a_box_is_clipped_to_the_frame_and_none_outside() -> None:
    assert BoundingBox.clipped(-0.5, 0.25, 0.5, 1.5) == BoundingBox(0.0, 0.25, 0.5, 1.0)
    assert BoundingBox.clipped(1.2, 0.0, 1.5, 1.0) is None


def test_frames_written_one_by_one_equal_those_written_at_once(tmp_path: Path) -> None:
    said = labels_with_everything()
    said.mask_index, said.objects, said.support = {}, [], None
    said.frames[9] = VideoFrame(frame_number=9)

    with VideoLabelsWriter.open(tmp_path / "labels.json", said.filename) as writer:
        for frame in said.frames.values():
            writer.add_frame(frame)
        writer.metadata, writer.attributes, writer.events = said.metadata, said.attributes, said.events

    assert VideoLabels.from_file(tmp_path / "labels.json") == said


@pytest.mark.parametrize("frames", [[], [1]], ids=["no frame", "one frame"])
def test_a_writer_with_few_fields_writes_a_valid_document(tmp_path: Path, frames: list[int]) -> None:
    with VideoLabelsWriter.open(tmp_path / "labels.json") as writer:
        for number in frames:
            writer.add_frame(VideoFrame(frame_number=number))

    assert list(VideoLabels.from_file(tmp_path / "labels.json").frames) == frames


def test_a_failed_write_leaves_the_previous_file(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text("{}")

    with pytest.raises(RuntimeError, match="midway"), VideoLabelsWriter.open(path) as writer:
        writer.add_frame(VideoFrame(frame_number=1))
        raise RuntimeError("midway")

    assert path.read_text() == "{}"
    assert list(tmp_path.iterdir()) == [path]


def test_frame_numbers_must_increase(tmp_path: Path) -> None:
    with VideoLabelsWriter.open(tmp_path / "labels.json") as writer:
        writer.add_frame(VideoFrame(frame_number=2))
        with pytest.raises(ValueError, match="frame 2 comes after frame 2"):
            writer.add_frame(VideoFrame(frame_number=2))

    assert list(VideoLabels.from_file(tmp_path / "labels.json").frames) == [2]


def test_a_file_that_is_not_json_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_bytes(b"\x00\xff")

    with pytest.raises(InvalidLabels, match=r"labels\.json is not JSON"):
        VideoLabels.from_file(tmp_path / "labels.json")


def test_reading_and_writing_need_only_the_standard_library() -> None:
    modules = "video, image, validate, merge, writer, masks"
    program = f"import sys; from voxel51.labels import {modules}; print({{'numpy', 'cv2', 'av'}} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


@pytest.mark.filterwarnings("ignore:Implicit None on return values:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:invalid escape sequence:SyntaxWarning")
def test_eta_reads_our_labels(tmp_path: Path) -> None:
    from eta.core.image import ImageLabels as EtaImageLabels
    from eta.core.video import VideoLabels as EtaVideoLabels

    labels_with_everything().to_file(tmp_path / "video.json")
    ImageLabels(objects=[DetectedObject(label="car", bounding_box=BOX)]).to_file(tmp_path / "image.json")

    video = EtaVideoLabels.from_json(str(tmp_path / "video.json"))
    image = EtaImageLabels.from_json(str(tmp_path / "image.json"))

    assert [each.label for each in video[4].objects] == ["car"]
    assert video[4].mask.tolist() == [[0, 1, 0], [0, 0, 0]]
    assert str(video.events[0].support) == "1-2,5-9"
    assert video.objects[0].index == 5
    assert [each.label for each in image.objects] == ["car"]
    assert json.loads(str(video.metadata))["frame_size"] == [640, 360]
