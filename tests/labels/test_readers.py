import zipfile
from pathlib import Path

import pytest

from voxel51.labels.errors import InvalidLabels
from voxel51.labels.evaluate import evaluate
from voxel51.labels.formats import convert
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import DetectedObject
from voxel51.labels.readers import read_labels
from voxel51.labels.video import VideoFrame, VideoLabels

SIZE = (640, 480)


@pytest.fixture
def labels() -> VideoLabels:
    """Two detections that cross the picture; the second is away for a while."""
    made = VideoLabels(metadata=VideoMetadata(frame_size=SIZE, frame_rate=25.0, total_frame_count=30))
    for number in range(1, 31):
        left = number / 50
        detections = [
            DetectedObject(label="car", index=4, confidence=0.9, bounding_box=BoundingBox(left, 0.1, left + 0.2, 0.4))
        ]
        if not 10 <= number <= 15:
            box = BoundingBox(0.7 - left, 0.5, 0.9 - left, 0.95)
            detections.append(DetectedObject(label="person", index=7, confidence=0.8, bounding_box=box))
        made.frames[number] = VideoFrame(frame_number=number, objects=detections)
    return made


@pytest.mark.parametrize(("name", "suffix"), [("native", "json"), ("coco", "json"), ("mot", "zip"), ("cvat", "xml")])
def test_each_format_is_read_back(name: str, suffix: str, labels: VideoLabels, tmp_path: Path) -> None:
    convert(labels, name, tmp_path / f"a.{suffix}")

    again = read_labels(tmp_path / f"a.{suffix}", SIZE)

    result = evaluate(labels, again, overlap=0.95)
    assert {label: each.true_count for label, each in result.detection.items()} == {"car": 30, "person": 24}
    assert [each.average_precision for each in result.detection.values()] == pytest.approx([1.0, 1.0])
    assert result.tracking is not None
    assert (result.tracking.mota, result.tracking.idf1) == (1.0, 1.0)


def test_ground_truth_of_the_mot_challenge_is_read(tmp_path: Path) -> None:
    lines = ["1,3,101,49,20,40,1,1,1", "1,4,201,51,20,40,0,1,1", "2,3,103,51,20,40,1,7,0.5", "3,-1,1,1,64,48,0.7", ""]
    (tmp_path / "gt.txt").write_text("\n".join(lines), encoding="utf-8")

    labels = read_labels(tmp_path / "gt.txt", SIZE)

    [first] = labels.frames[1].objects  # the second is not to be considered
    assert (first.label, first.index, first.bounding_box) == (
        "person", 3, BoundingBox(100 / 640, 0.1, 120 / 640, 0.18333)
    )  # fmt: skip
    assert labels.frames[2].objects[0].label == "class 7"
    assert (labels.frames[3].objects[0].index, labels.frames[3].objects[0].confidence) == (None, 0.7)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "hello"),
        ("a.txt", "1,2,3"),
        ("a.txt", "1,2,a,4,5,6"),
        ("a.json", "[]"),
        ("a.json", "{"),
        ("a.json", '{"images": [], "annotations": [{"bbox": [1]}], "categories": []}'),
        ("a.json", '{"images": [{"id": 1}], "annotations": 5, "categories": []}'),
        ("a.xml", "<annotations><track id='0' label='a'><box frame='x'/></track></annotations>"),
        ("a.xml", "<annotations"),
        ("a.zip", "PK nothing"),
        ("a.bin", "\x00\x01"),
    ],
)
def test_a_file_of_an_unknown_format_is_rejected_by_its_name(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")

    with pytest.raises((InvalidLabels, ValueError)):
        read_labels(tmp_path / name, SIZE)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b'{"images": [{"id": 1}], "annotations": []}', "'categories' is missing"),
        ("a.json", b'{"images": 1, "annotations": [], "categories": []}', "a value is of another type than expected"),
        ("a.json", b"[" * 200_000, "it is nested too deeply"),
        ("a.txt", b"\xff\xfe1,2", "it is not text in UTF-8"),
        ("a.xml", b"<annotations>&x;</annotations>", "it is not well-formed XML"),
    ],
)
def test_the_reason_names_no_exception(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InvalidLabels, match=f"{name} cannot be read as labels of any tool: {said}"):
        read_labels(tmp_path / name, SIZE)


def test_xml_entities_do_not_expand_without_limit(tmp_path: Path) -> None:
    bomb = (
        '<!DOCTYPE a [<!ENTITY a "'
        + "x" * 1000
        + '">'
        + "".join(f'<!ENTITY b{n} "{"&a;" * 50 if n == 0 else f"&b{n - 1};" * 50}">' for n in range(6))
        + "]><annotations>&b5;</annotations>"
    )
    (tmp_path / "bomb.xml").write_text(bomb, encoding="utf-8")

    with pytest.raises(InvalidLabels):
        read_labels(tmp_path / "bomb.xml", SIZE)


def test_a_missing_frame_size_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "gt.txt").write_text("1,3,101,51,20,40,1,1,1", encoding="utf-8")

    with pytest.raises(ValueError, match="does not contain the size of the frames"):
        read_labels(tmp_path / "gt.txt")


def test_a_list_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    size = 65 * 1024**2
    with zipfile.ZipFile(tmp_path / "truth.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("gt/gt.txt", b"1" * size)

    with pytest.raises(InvalidLabels, match=f"gt/gt.txt in truth.zip has {size} bytes; the maximum is"):
        read_labels(tmp_path / "truth.zip", SIZE)
