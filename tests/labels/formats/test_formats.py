"""Formats of other tools: each is read back by the reader of the tool itself."""

import csv
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree as Xml

import cv2
import motmetrics
import numpy as np
import pyarrow.parquet
import pytest
import supervision
from pycocotools.coco import COCO

from support.in_process_jobs import run_on
from support.video_samples import footage
from voxel51.analytics.object_tracks import analytic as object_tracks
from voxel51.labels.attributes import CategoricalAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.formats import FORMATS, convert
from voxel51.labels.formats.boxes import Box, boxes_of, image_name, label_names
from voxel51.labels.formats.supervision import to_supervision
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import DetectedObject
from voxel51.labels.support import Support
from voxel51.labels.video import VideoLabels

LAST_FRAME = 60
SIZE = (640, 272)
HOSTILE = "=cmd|'x'!A1 <&> \"'\x01\ud7ff\U0001f3ac"


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> VideoLabels:
    """Tracks in real footage, with an event and something that is not followed."""
    folder = tmp_path_factory.mktemp("labels")
    found, _ = run_on(object_tracks, footage("bikes.mp4"), folder, last_frame=LAST_FRAME, confidence=0.3)
    assert found.metadata is not None
    found.metadata.total_frame_count = LAST_FRAME
    found.events.append(VideoEvent(label="ride", index=1, support=Support(((3, 9), (20, 20)))))
    box = BoundingBox(0.25, 0.5, 0.75, 1.0)
    found.frame(LAST_FRAME).objects.append(DetectedObject(label=HOSTILE, bounding_box=box))
    return found


@pytest.fixture(scope="module")
def boxes(labels: VideoLabels) -> list[Box]:
    found = list(boxes_of(labels))
    assert len(found) > 60
    assert len({box.track for box in found}) > 2
    return found


def test_pycocotools_reads_every_box(labels: VideoLabels, boxes: list[Box], tmp_path: Path) -> None:
    labels.convert("coco", tmp_path / "coco.json")

    coco = COCO(str(tmp_path / "coco.json"))

    assert len(coco.getImgIds()) == LAST_FRAME
    assert len(coco.getAnnIds()) == len(boxes)
    names = {each["id"]: each["name"] for each in coco.loadCats(coco.getCatIds())}
    for read, box in zip(coco.loadAnns(coco.getAnnIds()), boxes, strict=True):
        assert read["image_id"] == box.frame_number
        assert names[read["category_id"]] == box.label
        assert read["bbox"] == pytest.approx([box.left, box.top, box.width, box.height], abs=0.001)
        assert read.get("track_id") == box.track
        assert read.get("score") == box.confidence


@pytest.mark.filterwarnings("ignore:Operation with tuple")  # motmetrics' own
def test_motmetrics_reads_every_track(labels: VideoLabels, boxes: list[Box], tmp_path: Path) -> None:
    labels.convert("mot", tmp_path / "mot")

    frame = motmetrics.io.loadtxt(tmp_path / "mot" / "gt" / "gt.txt", fmt="mot16")

    assert len(frame) == len(boxes)
    for ((number, track), row), box in zip(frame.sort_index().iterrows(), sorted(boxes, key=_order), strict=True):
        assert (number, track) == (box.frame_number, box.track or track)
        assert row[["X", "Y", "Width", "Height"]].to_list() == pytest.approx(
            [box.left, box.top, box.width, box.height], abs=0.01
        )
    sequence = (tmp_path / "mot" / "seqinfo.ini").read_text()
    assert {"seqLength=60", "imWidth=640", "imHeight=272", "frameRate=25"} <= set(sequence.splitlines())


def seen(*names: str) -> VideoLabels:
    """Labels of a video with one object of each name, in one frame."""
    found = VideoLabels(metadata=VideoMetadata(frame_size=SIZE, total_frame_count=1))
    for track, name in enumerate(names, start=1):
        box = BoundingBox(0.1, 0.1, 0.5, 0.5)
        found.frame(1).objects.append(DetectedObject(label=name, index=track, confidence=0.5, bounding_box=box))
    return found


@pytest.mark.parametrize("names", [("car",), ("person", "car"), ("toothbrush", "car", "zebra", "wheel")])
def test_numbers_of_classes_are_those_of_the_data_set_for_every_video(names: tuple[str, ...], tmp_path: Path) -> None:
    for name in ("coco", "yolo", "mot"):
        seen(*names).convert(name, tmp_path / name)

    coco = json.loads((tmp_path / "coco").read_text())
    ids = {each["name"]: each["id"] for each in coco["categories"]}
    assert (ids["person"], ids["car"], ids["zebra"], ids["toothbrush"]) == (1, 3, 24, 90)
    assert [each["category_id"] for each in coco["annotations"]] == [ids[name] for name in names]
    [yolo] = (tmp_path / "yolo" / "labels" / "train").iterdir()
    numbers = {"person": 0, "car": 2, "zebra": 22, "toothbrush": 79, "wheel": 80}
    assert [int(line.split()[0]) for line in yolo.read_text().splitlines()] == [numbers[name] for name in names]
    classes = (tmp_path / "mot" / "gt" / "labels.txt").read_text().splitlines()
    assert classes[:5] == ["person", "person on vehicle", "car", "bicycle", "motorcycle"]


@pytest.mark.filterwarnings("ignore:Operation with tuple")  # motmetrics' own
def test_evaluators_of_mot_challenge_keep_every_row(tmp_path: Path) -> None:
    seen("person", "car").convert("mot", tmp_path / "mot")

    truth = motmetrics.io.loadtxt(tmp_path / "mot" / "gt" / "gt.txt", fmt="mot16", min_confidence=1)

    assert truth["ClassId"].to_list() == [1, 3]
    detections = (tmp_path / "mot" / "det" / "det.txt").read_text().splitlines()
    assert [line.split(",")[6] for line in detections] == ["0.5", "0.5"]


def test_a_list_of_classes_fixes_the_numbers(tmp_path: Path) -> None:
    seen("face", "car").convert("coco", tmp_path / "coco.json", classes=["face", "hand", "car"])

    categories = json.loads((tmp_path / "coco.json").read_text())["categories"]
    assert [(each["id"], each["name"]) for each in categories] == [(1, "face"), (2, "hand"), (3, "car")]
    with pytest.raises(ValueError, match=r"not in the list of classes: car\. Add"):
        seen("face", "car").convert("yolo", tmp_path / "yolo", classes=["face"])
    with pytest.raises(ValueError, match="'csv' has no numbers for classes"):
        seen("face").convert("csv", tmp_path / "a.csv", classes=["face"])


def _order(box: Box) -> tuple[int, int]:
    return box.frame_number, 10**6 if box.track is None else box.track


def test_supervision_reads_yolo_and_voc_beside_the_images(
    labels: VideoLabels, boxes: list[Box], tmp_path: Path
) -> None:
    labels.convert("yolo", tmp_path / "yolo")
    labels.convert("voc", tmp_path / "voc")
    for folder in (tmp_path / "yolo" / "images" / "train", tmp_path / "voc" / "JPEGImages"):
        folder.mkdir(parents=True)
        for number in {box.frame_number for box in boxes}:
            cv2.imwrite(str(folder / f"{image_name(labels, number)}.jpg"), np.zeros((*SIZE[::-1], 3), np.uint8))

    yolo = supervision.DetectionDataset.from_yolo(
        images_directory_path=str(tmp_path / "yolo" / "images" / "train"),
        annotations_directory_path=str(tmp_path / "yolo" / "labels" / "train"),
        data_yaml_path=str(tmp_path / "yolo" / "data.yaml"),
    )
    voc = supervision.DetectionDataset.from_pascal_voc(
        images_directory_path=str(tmp_path / "voc" / "JPEGImages"),
        annotations_directory_path=str(tmp_path / "voc" / "Annotations"),
    )

    assert yolo.classes[:3] == ["person", "bicycle", "car"]
    assert set(label_names(labels)) <= {*yolo.classes}
    for dataset, tolerance in ((yolo, 0.01), (voc, 1.01)):
        read = {Path(name).stem: found for name, _, found in dataset}
        assert sum(len(found) for found in read.values()) == len(boxes)
        for number in {box.frame_number for box in boxes}:
            expected = [(box.left, box.top, box.right, box.bottom) for box in boxes if box.frame_number == number]
            assert read[image_name(labels, number)].xyxy == pytest.approx(np.array(expected), abs=tolerance)


def test_cvat_tracks_end_where_the_object_disappears(labels: VideoLabels, boxes: list[Box], tmp_path: Path) -> None:
    labels.convert("cvat", tmp_path / "cvat.xml")

    root = Xml.parse(tmp_path / "cvat.xml").getroot()

    shown = [box for box in root.iter("box") if box.get("outside") == "0"]
    assert len(shown) == len(boxes)
    assert {int(box.get("frame", "")) for box in shown} == {box.frame_number - 1 for box in boxes}
    assert max(int(box.get("frame", "")) for box in root.iter("box")) == LAST_FRAME - 1
    for track in root.iter("track"):
        numbers = [int(box.get("frame", "")) for box in track.iter("box")]
        assert numbers == sorted(set(numbers))
        assert track[-1].get("outside") == "1" or numbers[-1] == LAST_FRAME - 1


def test_tables_have_a_row_per_box_and_per_range_of_an_event(
    labels: VideoLabels, boxes: list[Box], tmp_path: Path
) -> None:
    labels.convert("csv", tmp_path / "labels.csv")
    labels.convert("parquet", tmp_path / "labels.parquet")

    with (tmp_path / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = pyarrow.parquet.read_table(tmp_path / "labels.parquet").to_pylist()

    assert len(rows) == len(table) == len(boxes) + 2
    assert [(row["first_frame"], row["last_frame"]) for row in table if row["kind"] == "event"] == [(3, 9), (20, 20)]
    assert table[len(boxes) - 1]["label"] == HOSTILE
    assert rows[len(boxes) - 1]["label"] == f"'{HOSTILE}"  # no formula
    for row, box in zip(table, boxes, strict=False):
        assert (row["first_frame"], row["index"]) == (box.frame_number, box.track)
        assert row["left"] * SIZE[0] == pytest.approx(box.left)


def test_supervision_gets_the_objects_of_a_frame(labels: VideoLabels, boxes: list[Box]) -> None:
    number = boxes[0].frame_number
    expected = [box for box in boxes if box.frame_number == number]

    found = to_supervision(labels, number)

    assert found.xyxy == pytest.approx(np.array([(b.left, b.top, b.right, b.bottom) for b in expected]), abs=0.01)
    assert list(found.tracker_id) == [box.track for box in expected]
    assert list(found.data["class_name"]) == [box.label for box in expected]
    assert len(to_supervision(labels, 10**6)) == 0
    assert list(to_supervision(seen("car", "person", "wheel"), 1).class_id) == [2, 0, 80]


@pytest.mark.parametrize("name", FORMATS)
def test_empty_labels_are_written_in_every_format(name: str, tmp_path: Path) -> None:
    nothing = VideoLabels(metadata=VideoMetadata(frame_size=(16, 9), total_frame_count=0))
    output = tmp_path / f"out{FORMATS[name].suffix}"

    nothing.convert(name, output)

    assert output.is_file()
    assert [path.name for path in tmp_path.iterdir()] == [output.name]
    if FORMATS[name].makes_folder:
        with zipfile.ZipFile(output) as archive:
            assert archive.testzip() is None


@pytest.mark.parametrize("name", ["coco", "mot", "cvat", "voc"])
def test_formats_in_pixels_need_the_frame_size(name: str, tmp_path: Path) -> None:
    unsized = VideoLabels(attributes=[CategoricalAttribute(name="a", value="b")])

    with pytest.raises(ValueError, match="do not contain the frame size"):
        convert(unsized, name, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_rejected_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown format 'tfrecord'\. Formats: native, coco"):
        convert(VideoLabels(), "tfrecord", tmp_path / "out")


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")

    with pytest.raises(FileExistsError, match="exists already"):
        convert(VideoLabels(), "csv", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"
