from pathlib import Path

import numpy as np
import pytest

from voxel51.labels.attributes import NumericAttribute
from voxel51.labels.compare import compare
from voxel51.labels.errors import InvalidLabels
from voxel51.labels.events import VideoEvent
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.label_table import read_table, table_of
from voxel51.labels.objects import DetectedObject, VideoObject
from voxel51.labels.overlap import best_pairs, boxes_on, iou_matrix
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame, VideoLabels


def labels(shift: float = 0.0, frames: int = 10, **more: object) -> VideoLabels:
    """A car that drives through ``frames`` frames, moved by ``shift`` of the picture's width."""
    made = VideoLabels(**more)  # type: ignore[arg-type]
    for number in range(1, frames + 1):
        box = BoundingBox(0.1 + shift, 0.1, 0.3 + shift, 0.3)
        car = DetectedObject(label="car", index=1, bounding_box=box, confidence=0.9)
        made.frames[number] = VideoFrame(frame_number=number, objects=[car])
    return made


def test_equal_labels_have_no_differences() -> None:
    result = compare(labels(), labels())

    assert result.is_same
    car = result.boxes["car"]
    assert (car.both, car.only_first, car.only_second, car.mean_overlap) == (10, 0, 0, pytest.approx(1.0))
    assert result.frames == {}


def test_boxes_in_one_set_only_are_counted_with_their_frames() -> None:
    result = compare(labels(), labels(frames=7))

    car = result.boxes["car"]
    assert (car.both, car.only_first, car.only_second) == (7, 3, 0)
    assert result.frames == {8: 1, 9: 1, 10: 1}
    assert not result.is_same


def test_boxes_that_overlap_too_little_differ() -> None:
    a_third = compare(labels(), labels(shift=0.1))

    assert (a_third.boxes["car"].both, a_third.boxes["car"].only_first, a_third.boxes["car"].only_second) == (0, 10, 10)
    assert compare(labels(), labels(shift=0.1), overlap=0.3).boxes["car"].mean_overlap == pytest.approx(1 / 3)


def test_events_differ_by_their_frames() -> None:
    first = labels(events=[VideoEvent(label="shot", support=Support.of(*each)) for each in ((1, 30), (31, 76))])
    second = labels(events=[VideoEvent(label="shot", support=Support.of(*each)) for each in ((1, 30), (31, 77))])

    shots = compare(first, second).events["shot"]

    assert (shots.both, shots.only_first, shots.only_second) == (1, ((31, 76),), ((31, 77),))


def test_attributes_of_the_whole_video_are_compared() -> None:
    first = labels(attributes=[NumericAttribute(name="mean_brightness", value=3.0)], provenance={"version": "1"})
    second = labels(attributes=[NumericAttribute(name="mean_brightness", value=4.0)], provenance={"version": "2"})

    result = compare(first, second)

    assert result.attributes == {"mean_brightness": (3.0, 4.0)}
    assert result.provenance == ({"version": "1"}, {"version": "2"})


@pytest.mark.parametrize("overlap", [0.0, 1.5])
def test_an_invalid_overlap_is_rejected(overlap: float) -> None:
    with pytest.raises(ValueError, match="overlap"):
        compare(labels(), labels(), overlap)


def test_box_with_another_label_at_its_place_is_changed() -> None:
    first, second = labels(), labels()
    second.frames[4].objects[0].label = "bus"

    result = compare(first, second)

    assert (result.boxes["car"].only_first, result.boxes["bus"].only_second) == (1, 1)
    found = result.differences
    assert (found.frames, found.removed, found.added, found.changed) == ((4,), (0,), (0,), (1,))
    assert found.first_boxes == ((4, "car", "bus", 1, 0.1, 0.1, 0.3, 0.3),)
    assert found.second_boxes == ((4, "bus", "car", 1, 0.1, 0.1, 0.3, 0.3),)


def test_differing_boxes_are_listed_by_frame() -> None:
    found = compare(labels(frames=3), labels(frames=5)).differences

    assert (found.frames, found.added) == ((4, 5), (1, 1))
    assert [row[0] for row in found.second_boxes] == [4, 5]
    assert found.is_complete


def test_listed_boxes_are_limited_but_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxel51.labels.box_differences.MOST_BOXES", 6)
    found = compare(labels(frames=10), VideoLabels()).differences

    assert sum(found.removed) == 10
    assert len(found.first_boxes) == 3
    assert not found.is_complete


@pytest.mark.parametrize("seed", range(5))
def test_matching_is_the_best_of_each_frame_and_label(seed: int) -> None:
    first, second = crowd(seed), crowd(seed + 100)

    found = compare(first, second, overlap=0.3).boxes

    for name in ("car", "bus"):
        count, total = 0, 0.0
        for number in range(1, 21):
            sides = [[box for box in boxes_on(each, {number}) if box.label == name] for each in (first, second)]
            worth = iou_matrix(*sides)
            pairs = best_pairs(worth, 0.3)
            count, total = count + len(pairs), total + sum(float(worth[pair]) for pair in pairs)
        assert found[name].both == count > 20
        assert found[name].mean_overlap == pytest.approx(total / count)


def test_table_of_a_file_is_that_of_its_labels(tmp_path: Path) -> None:
    made = crowd(3)
    made.provenance = {"version": "1"}
    made.events = [VideoEvent(label="shot", support=Support.of(1, 30))]
    made.attributes = [NumericAttribute(name="mean_brightness", value=3.0)]
    track = VideoObject(label="tram", index=7, confidence=0.5)
    track.frames[2] = DetectedObject(bounding_box=BoundingBox(0.1, 0.2, 0.3, 0.4), frame_number=2)
    made.objects = [track]
    made.to_file(tmp_path / "labels.json")

    read, held = read_table(tmp_path / "labels.json"), table_of(made)

    assert (read.names, read.events, read.provenance) == (held.names, held.events, held.provenance)
    assert read.attributes == held.attributes == {"mean_brightness": 3.0}
    for name in ("frames", "labels", "tracks", "confidences", "sides"):
        np.testing.assert_allclose(getattr(read, name), getattr(held, name))
    assert 7 in read.tracks


@pytest.mark.parametrize("text", ["", "[1, 2", '{"frames": {"1": {"objects": {"objects": [{"bounding_box": 3}]}}}}'])
def test_file_that_is_not_labels_is_rejected(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidLabels, match=r"a\.json cannot be read"):
        read_table(tmp_path / "a.json")


def crowd(seed: int) -> VideoLabels:
    """Cars and buses that overlap each other, in 20 frames."""
    random, made = np.random.default_rng(seed), VideoLabels()
    for number in range(1, 21):
        corners = random.uniform(0, 0.25, (14, 2))
        objects = [
            DetectedObject(label=("car", "bus")[at % 2], index=at, confidence=0.5, frame_number=number,
                           bounding_box=BoundingBox(float(x), float(y), float(x) + 0.3, float(y) + 0.3))
            for at, (x, y) in enumerate(corners)
        ]  # fmt: skip
        made.frames[number] = VideoFrame(frame_number=number, objects=objects)
    return made
