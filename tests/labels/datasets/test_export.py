"""Datasets: each format is read back by the reader of a tool, with its images."""

import io
import json
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import cv2
import motmetrics
import numpy as np
import pyarrow.parquet
import pytest
import supervision
from pycocotools.coco import COCO
from webdataset.tariterators import group_by_keys, tar_file_expander

from support.video_samples import number_in, numbered_video
from voxel51.labels.datasets.export import DatasetWriter
from voxel51.labels.datasets.videos import DatasetVideo
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import DetectedObject
from voxel51.labels.support import Support
from voxel51.labels.video import VideoLabels
from voxel51.wire.datasets import DATASET_FORMATS, checked_definition

FRAMES = 12
LABELS = {"first": ("car", "person"), "second": ("truck", "dog"), "third": ("person", "person")}
Export = Callable[..., Path]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[DatasetVideo]:
    """Three videos whose frames show their numbers, with two objects in each frame but the last."""
    folder = tmp_path_factory.mktemp("videos")
    found = []
    for name, (left, right) in LABELS.items():
        video = numbered_video(folder / f"{name}.mp4", frames=FRAMES)
        labels = VideoLabels(metadata=VideoMetadata(frame_size=(320, 180), total_frame_count=FRAMES, frame_rate=25.0))
        for number in range(1, FRAMES):
            for track, (label, at) in enumerate(((left, 0.1), (right, 0.5)), start=1):
                box = BoundingBox(at, 0.25, at + 0.25, 0.75)
                each = DetectedObject(label=label, index=track, confidence=0.5, bounding_box=box)
                labels.frame(number).objects.append(each)
        labels.to_file(folder / f"{name}.json")
        found.append(DatasetVideo(name, video.name, [folder / f"{name}.json"], video, [f"job-{name}"]))
    return found


@pytest.fixture
def export(videos: list[DatasetVideo], tmp_path: Path) -> Export:
    """Function that writes a dataset and returns the folder with its files."""

    def write(name: str, **options: Any) -> Path:
        archive = tmp_path / f"{name}.zip"
        DatasetWriter("set", videos, checked_definition({"format": name, **options})).write(archive)
        with zipfile.ZipFile(archive) as file:
            assert file.testzip() is None
            file.extractall(tmp_path / name)
        return tmp_path / name

    return write


SPLIT = {"train": 0.5, "val": 0.25, "test": 0.25}


def test_supervision_reads_yolo_with_stable_classes_and_a_split_by_video(export: Export) -> None:
    folder = export("yolo", split=SPLIT)

    seen: dict[str, set[str]] = {}
    for part in SPLIT:
        dataset = supervision.DetectionDataset.from_yolo(
            images_directory_path=str(folder / "images" / part),
            annotations_directory_path=str(folder / "labels" / part),
            data_yaml_path=str(folder / "data.yaml"),
        )
        assert dataset.classes == ["car", "dog", "person", "truck"]
        assert len(dataset) == FRAMES
        assert sum(len(found) for _, _, found in dataset) == 2 * (FRAMES - 1)
        seen[part] = {Path(path).name.split("-")[0] for path, _, _ in dataset}
        [video] = seen[part]
        names = {dataset.classes[number] for _, _, found in dataset for number in found.class_id}
        assert names == {*LABELS[video]}
    assert set.union(*seen.values()) == {*LABELS}


def test_images_are_the_frames_with_exactly_these_numbers(export: Export) -> None:
    folder = export("yolo", every=5)

    images = sorted((folder / "images" / "train").iterdir())

    assert [path.name for path in images if path.name.startswith("first")] == [
        f"first-{number:06d}.jpg" for number in (1, 6, 11)
    ]
    assert len(images) == 9
    for path in images:
        assert number_in(cv2.imread(str(path))) == int(path.stem.split("-")[1])


def test_pycocotools_reads_coco_with_mapped_classes_in_the_given_order(export: Export) -> None:
    folder = export("coco", rename={"truck": "car", "dog": "animal"}, classes=["person", "car"])

    coco = COCO(str(folder / "annotations" / "instances_train.json"))

    assert [(each["id"], each["name"]) for each in coco.loadCats(coco.getCatIds())] == [(1, "person"), (2, "car")]
    assert len(coco.getImgIds()) == 3 * FRAMES
    counts = Counter(each["category_id"] for each in coco.loadAnns(coco.getAnnIds()))
    assert counts == {1: 3 * (FRAMES - 1), 2: 2 * (FRAMES - 1)}
    for image in coco.loadImgs(coco.getImgIds()):
        read = cv2.imread(str(folder / "images" / "train" / image["file_name"]))
        assert read.shape[:2] == (image["height"], image["width"])
        assert number_in(read) == image["frame_number"]
    dataset = supervision.DetectionDataset.from_coco(
        images_directory_path=str(folder / "images" / "train"),
        annotations_path=str(folder / "annotations" / "instances_train.json"),
    )
    assert sum(len(found) for _, _, found in dataset) == 5 * (FRAMES - 1)


def test_supervision_reads_voc(export: Export) -> None:
    folder = export("voc", drop=["dog"])

    dataset = supervision.DetectionDataset.from_pascal_voc(
        images_directory_path=str(folder / "JPEGImages"), annotations_directory_path=str(folder / "Annotations")
    )

    assert {*dataset.classes} == {"car", "person", "truck"}
    assert sum(len(found) for _, _, found in dataset) == 5 * (FRAMES - 1)
    assert len((folder / "ImageSets" / "Main" / "train.txt").read_text().split()) == 3 * FRAMES


@pytest.mark.filterwarnings("ignore:Operation with tuple")  # motmetrics' own
def test_sequences_number_the_images_without_gaps(export: Export) -> None:
    mot, cvat = export("mot", every=3), export("cvat", every=3)

    truth = motmetrics.io.loadtxt(mot / "train" / "first" / "gt" / "gt.txt", fmt="mot16")

    assert sorted({frame for frame, _ in truth.index}) == [1, 2, 3, 4]
    images = sorted((mot / "train" / "first" / "img1").iterdir())
    assert [path.name for path in images] == ["000001.jpg", "000002.jpg", "000003.jpg", "000004.jpg"]
    assert [number_in(cv2.imread(str(path))) for path in images] == [1, 4, 7, 10]
    assert {"seqLength=4", "frameRate=8.33333"} <= {*(mot / "train/first/seqinfo.ini").read_text().splitlines()}
    root = Xml.parse(cvat / "train" / "first" / "annotations.xml").getroot()
    assert [box.get("frame") for box in root.findall("track[1]/box")] == ["0", "1", "2", "3"]
    assert len([*(cvat / "train" / "first" / "images").iterdir()]) == 4


def test_parquet_has_a_row_for_each_box_with_the_path_of_its_image(export: Export) -> None:
    folder = export("parquet")

    rows = pyarrow.parquet.read_table(folder / "train.parquet").to_pylist()

    assert len(rows) == 6 * (FRAMES - 1)
    assert {row["video"] for row in rows} == {"first.mp4", "second.mp4", "third.mp4"}
    for row in rows[:: FRAMES - 1]:
        assert number_in(cv2.imread(str(folder / row["image"]))) == row["first_frame"]


def test_fiftyone_format_has_numbers_of_classes_and_relative_boxes(export: Export) -> None:
    folder = export("fiftyone")

    document = json.loads((folder / "train" / "labels.json").read_text())

    assert document["classes"] == ["car", "dog", "person", "truck"]
    assert {*document["labels"]} == {path.stem for path in (folder / "train" / "data").iterdir()}
    [first, second] = document["labels"]["first-000001"]
    assert (document["classes"][first["label"]], document["classes"][second["label"]]) == ("car", "person")
    assert first["bounding_box"] == [0.1, 0.25, 0.25, 0.5]
    assert document["labels"][f"first-{FRAMES:06d}"] == []


def test_webdataset_keeps_the_files_of_a_sample_together(export: Export) -> None:
    folder = export("webdataset", labelled_only=True)

    with tarfile.open(folder / "train-000000.tar") as shard:
        names = shard.getnames()
        described = json.load(shard.extractfile(names[0]))  # type: ignore[arg-type]
        image = cv2.imdecode(np.frombuffer(shard.extractfile(names[1]).read(), np.uint8), 1)  # type: ignore[union-attr]
    assert len(names) == 2 * 3 * (FRAMES - 1)
    assert names[:2] == ["first-000001.json", "first-000001.jpg"]
    assert number_in(image) == described["frame_number"] == 1
    assert [box["label"] for box in described["boxes"]] == ["car", "person"]


@pytest.mark.parametrize("letter", ["街", "Ж", "x"])
def test_long_names_of_any_alphabet_fit_into_a_webdataset(
    letter: str, videos: list[DatasetVideo], tmp_path: Path
) -> None:
    named = [DatasetVideo(each.key, f"{letter * 120}.mp4", each.labels) for each in videos]
    definition = checked_definition({"format": "webdataset", "images": False})

    DatasetWriter("set", named, definition).write(tmp_path / "set.zip")

    with zipfile.ZipFile(tmp_path / "set.zip") as archive:
        shard = io.BytesIO(archive.read("train-000000.tar"))
    with tarfile.open(fileobj=shard) as opened:
        names = opened.getnames()
    assert len({*names}) == 3 * FRAMES
    assert {name.rstrip(".json0123456789-") for name in names} == {letter * (80 // len(letter.encode()))}


@pytest.mark.parametrize("name", DATASET_FORMATS)
def test_labels_alone_need_no_video_and_give_the_same_bytes_each_time(
    name: str, videos: list[DatasetVideo], tmp_path: Path
) -> None:
    bare = [DatasetVideo(each.key, each.filename, each.labels) for each in videos]
    writer = DatasetWriter("set", bare, checked_definition({"format": name, "images": False}))

    for path in (tmp_path / "one.zip", tmp_path / "two.zip"):
        writer.write(path)

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert not [entry for entry in archive.namelist() if entry.endswith(".jpg")]
        described = json.loads(archive.read("dataset.json"))
    assert described["parts"] == {"train": {"videos": 3, "frames": 36, "boxes": 66}}
    assert {path.name for path in tmp_path.iterdir()} == {"one.zip", "two.zip"}


def test_an_estimate_tells_the_amounts_and_about_the_size(videos: list[DatasetVideo], tmp_path: Path) -> None:
    writer = DatasetWriter("set", videos, checked_definition({"format": "yolo", "split": SPLIT}))

    estimate = writer.estimate(tmp_path)
    writer.write(tmp_path / "set.zip")

    assert estimate["parts"] == {part: {"videos": 1, "frames": 12, "boxes": 22} for part in SPLIT}
    assert estimate["classes"] == {"car": 11, "dog": 11, "person": 33, "truck": 11}
    assert estimate["size_bytes"] == pytest.approx((tmp_path / "set.zip").stat().st_size, rel=0.2)


def test_an_estimate_takes_the_frame_size_from_the_video_if_the_labels_lack_it(
    videos: list[DatasetVideo], tmp_path: Path
) -> None:
    labels = VideoLabels.from_file(videos[0].labels[0])
    labels.metadata = None
    labels.to_file(tmp_path / "labels.json")
    video = DatasetVideo("v", videos[0].filename, [tmp_path / "labels.json"], videos[0].video)
    writer = DatasetWriter("set", [video], checked_definition({"format": "yolo"}))

    estimate = writer.estimate(tmp_path)
    writer.write(tmp_path / "set.zip")

    assert estimate["parts"]["train"]["boxes"] == 2 * (FRAMES - 1)
    assert estimate["size_bytes"] == pytest.approx((tmp_path / "set.zip").stat().st_size, rel=0.2)


def test_labels_of_several_jobs_on_a_video_are_merged(videos: list[DatasetVideo], tmp_path: Path) -> None:
    labels = [videos[0].labels[0], videos[1].labels[0]]
    both = [DatasetVideo("both", "both.mp4", labels), DatasetVideo("other", "both.mp4", videos[2].labels)]

    DatasetWriter("set", both, checked_definition({"format": "mot", "images": False})).write(tmp_path / "set.zip")

    with zipfile.ZipFile(tmp_path / "set.zip") as archive:
        rows = archive.read("train/both/gt/gt.txt").decode().splitlines()
        assert "train/both-2/gt/gt.txt" in archive.namelist()
    assert {row.split(",")[1] for row in rows} == {"1", "2", "3", "4"}


def test_frames_that_were_not_analysed_are_left_out(tmp_path: Path) -> None:
    labels = VideoLabels(metadata=VideoMetadata(frame_size=(16, 9), total_frame_count=100), support=Support.of(11, 20))
    labels.to_file(tmp_path / "labels.json")
    video = DatasetVideo("v", "v.mp4", [tmp_path / "labels.json"])

    estimate = DatasetWriter("set", [video], checked_definition({"format": "coco", "images": False})).estimate(tmp_path)

    assert estimate["parts"]["train"]["frames"] == 10


def test_labels_without_a_frame_size_are_refused_with_the_name_of_the_video(tmp_path: Path) -> None:
    VideoLabels().to_file(tmp_path / "labels.json")
    video = DatasetVideo("v", "street.mp4", [tmp_path / "labels.json"])
    writer = DatasetWriter("set", [video], checked_definition({"format": "coco", "images": False}))

    with pytest.raises(ValueError, match=r"'street.mp4': the labels do not contain the frame size"):
        writer.write(tmp_path / "set.zip")


def test_quality_decides_the_size_of_images(videos: list[DatasetVideo], tmp_path: Path) -> None:
    sizes = []
    for quality in (20, 95):
        path = tmp_path / f"{quality}.zip"
        DatasetWriter("set", videos, checked_definition({"format": "coco", "quality": quality})).write(path)
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            sizes.append(sum(each.file_size for each in archive.infolist() if each.filename.endswith(".jpg")))
    assert sizes[0] < sizes[1]


def test_names_of_classes_are_unique_and_bounded() -> None:
    names = [f"class {number}" for number in range(10_000)]
    assert checked_definition({"format": "yolo", "classes": names})["classes"] == names
    with pytest.raises(ValueError, match="'classes' names 'class 7' twice"):
        checked_definition({"format": "yolo", "classes": [*names[:-1], "class 7"]})
    with pytest.raises(ValueError, match="have 200100 characters together; the maximum is 200000"):
        checked_definition({"format": "yolo", "drop": [f"{number:0>138}" for number in range(1450)]})


def test_webdataset_reads_each_sample_with_its_image_and_boxes(videos: list[DatasetVideo], tmp_path: Path) -> None:
    # WebDataset ends the key of a sample at the first dot.
    named = [replace(each, filename=f"cam.{number} v.2.mp4") for number, each in enumerate(videos)]
    definition = checked_definition({"format": "webdataset"})
    DatasetWriter("set", named, definition).write(tmp_path / "set.zip")
    with zipfile.ZipFile(tmp_path / "set.zip") as archive:
        archive.extract("train-000000.tar", tmp_path)

    with (tmp_path / "train-000000.tar").open("rb") as shard:
        samples = [*group_by_keys(tar_file_expander([{"url": "train-000000.tar", "stream": shard}]))]

    assert len({each["__key__"] for each in samples}) == len(samples) == 3 * FRAMES
    assert [each["__key__"] for each in samples[:2]] == ["cam_0_v_2-000001", "cam_0_v_2-000002"]
    described = json.loads(samples[1]["json"])
    assert number_in(cv2.imdecode(np.frombuffer(samples[1]["jpg"], np.uint8), 1)) == described["frame_number"] == 2
    assert [box["label"] for box in described["boxes"]] == ["car", "person"]
