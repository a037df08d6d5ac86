"""Moments by SQL: parts of videos with a label, conditions of boxes, true totals, and several labels together."""

import json
from pathlib import Path
from typing import Any

import pytest

from voxel51.labels.events import VideoEvent
from voxel51.labels.formats import convert
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import DetectedObject
from voxel51.labels.sql.moments import MomentConditions, moments_sql
from voxel51.labels.sql.query import LabelTables, run_query
from voxel51.labels.support import Support
from voxel51.labels.video import VideoLabels

QUOTED = "o'clock"
SMALL, LARGE = BoundingBox(0.1, 0.2, 0.2, 0.3), BoundingBox(0.5, 0.5, 0.9, 0.9)


def add(
    labels: VideoLabels,
    label: str,
    first: int,
    last: int,
    box: BoundingBox,
    confidence: float | None,
    track: int | None = None,
) -> None:
    for number in range(first, last + 1):
        seen = DetectedObject(label=label, bounding_box=box, confidence=confidence, index=track)
        labels.frame(number).objects.append(seen)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> LabelTables:
    """Two videos of 10 frames per second. On the first are two results, which find the same car."""
    folder = tmp_path_factory.mktemp("tables")
    first, second, other = VideoLabels(), VideoLabels(), VideoLabels()
    add(first, "car", 1, 20, SMALL, 0.5, track=1)
    add(first, "car", 11, 15, LARGE, 0.9, track=2)  # at the same time as the other car
    add(first, "car", 40, 49, SMALL, 0.4, track=1)  # after more than a second
    add(first, "dog", 16, 18, LARGE, 0.8)
    add(first, "van", 60, 60, BoundingBox(0.4, 0.8, 0.6, 1), 0.45)
    add(first, QUOTED, 1, 1, SMALL, None)
    add(second, "car", 11, 25, SMALL, 0.6, track=1)
    add(other, "car", 1, 5, LARGE, 0.7)
    add(other, "car", 10, 12, LARGE, 0.3)  # less than a second later
    other.events.append(VideoEvent(label="speech", support=Support([(1, 30)]), confidence=0.9))
    files = {}
    for job_id, labels in {"one": first, "two": second, "three": other}.items():
        files[job_id] = folder / f"{job_id}.parquet"
        convert(labels, "parquet", files[job_id])
    of_videos = {"one": "v1", "two": "v1", "three": "v2"}
    jobs = [
        {"job_id": job_id, "video_id": of_videos[job_id], "name": job_id, "frame_count": 100, "duration_seconds": 10.0}
        for job_id in files
    ]
    return LabelTables([{"video_id": "v1", "name": "a.mp4"}], jobs, files)


def moments(tables: LabelTables, folder: Path, *labels: str, **given: Any) -> dict[str, Any]:
    run_query(moments_sql(MomentConditions(labels, **given)), tables, folder / "result.json", folder)
    result = json.loads((folder / "result.json").read_text())
    (folder / "spill").rmdir()
    (row,) = result["rows"]
    return dict(zip([column["name"] for column in result["columns"]], row, strict=True))


def ranges(found: dict[str, Any]) -> list[tuple[str, int, int]]:
    return [(each["video"], each["first_frame"], each["last_frame"]) for each in found["moments"]]


def test_seconds_are_those_of_video(tables: LabelTables, tmp_path: Path) -> None:
    found = moments(tables, tmp_path, "car", sort="time")

    # The results of both jobs on the first video are one moment. The video of the other was deleted: its job is named.
    assert ranges(found) == [("a.mp4", 1, 25), ("a.mp4", 40, 49), ("three", 1, 12)]
    assert (found["count"], found["videos"], found["seconds"]) == (3, 2, 4.7)
    assert found["labels"] == [{"label": "car", "moments": 3, "videos": 2, "seconds": 4.7}]
    best = found["moments"][0]
    assert (best["job_id"], best["best_frame"], best["most_at_once"], best["video_id"]) == ("one", 11, 3, "v1")
    assert best["box"] == pytest.approx([0.5, 0.5, 0.9, 0.9])
    assert best["confidence"] == pytest.approx(0.9)


def test_totals_count_what_is_not_listed(tables: LabelTables, tmp_path: Path) -> None:
    found = moments(tables, tmp_path, "car", sort="longest", limit=1)

    assert ranges(found) == [("a.mp4", 1, 25)]
    assert (found["count"], found["seconds"]) == (3, 4.7)


def test_each_track_has_moments_of_its_own_and_totals_count_once(tables: LabelTables, tmp_path: Path) -> None:
    found = moments(tables, tmp_path, "car", by_track=True, sort="time")

    assert ranges(found) == [
        ("a.mp4", 1, 20), ("a.mp4", 11, 15), ("a.mp4", 11, 25), ("a.mp4", 40, 49), ("three", 1, 12),
    ]  # fmt: skip
    assert [each["job_id"] for each in found["moments"]] == ["one", "one", "two", "one", "three"]
    assert (found["count"], found["seconds"]) == (5, 4.7)
    assert found["labels"] == [{"label": "car", "moments": 5, "videos": 2, "seconds": 4.7}]
    assert moments(tables, tmp_path, "car", "dog", by_track=True, together=True)["count"] == 1


def test_several_labels_at_the_same_time_count_once_in_the_total(tables: LabelTables, tmp_path: Path) -> None:
    found = moments(tables, tmp_path, "car", "dog", sort="time")

    assert ("a.mp4", 16, 18) in ranges(found)
    assert [(each["label"], each["seconds"]) for each in found["labels"]] == [("car", 4.7), ("dog", 0.3)]
    assert found["seconds"] == 4.7


def test_labels_together_are_in_the_same_frames(tables: LabelTables, tmp_path: Path) -> None:
    found = moments(tables, tmp_path, "dog", "car", together=True)

    assert ranges(found) == [("a.mp4", 16, 18)]
    (moment,) = found["moments"]
    assert moment["label"] == "dog, car"
    assert moment["box"] == pytest.approx([0.1, 0.2, 0.9, 0.9])  # both boxes
    assert moments(tables, tmp_path, "dog", QUOTED, together=True)["count"] == 0


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"confidence": 0.65}, [("a.mp4", 11, 15), ("three", 1, 5)]),
        ({"larger_than": 0.1}, [("a.mp4", 11, 15), ("three", 1, 12)]),
        ({"smaller_than": 0.1}, [("a.mp4", 1, 25), ("a.mp4", 40, 49)]),
        ({"longer_than": 1.1}, [("a.mp4", 1, 25), ("three", 1, 12)]),
        ({"shorter_than": 1.1}, [("a.mp4", 40, 49)]),
        ({"zone": [(0.6, 0.85), (0.8, 0.85), (0.8, 0.95), (0.6, 0.95)]}, [("a.mp4", 11, 15), ("three", 1, 12)]),
        ({"zone": [(0, 0.2), (0.4, 0.2), (0, 0.4)], "confidence": 0.45}, [("a.mp4", 1, 25)]),
        ({"zone": [(0, 0), (1, 0), (0.5, 0)]}, []),
    ],
)
def test_conditions(tables: LabelTables, tmp_path: Path, given: Any, wanted: list[tuple[str, int, int]]) -> None:
    assert ranges(moments(tables, tmp_path, "car", sort="time", **given)) == wanted


def test_boxes_at_the_lower_side_of_the_frame_are_in_a_zone_that_reaches_there(
    tables: LabelTables, tmp_path: Path
) -> None:
    found = moments(tables, tmp_path, "van", zone=[(0, 0.95), (1, 0.95), (1, 1), (0, 1)])

    assert ranges(found) == [("a.mp4", 60, 60)]


def test_events_have_no_box(tables: LabelTables, tmp_path: Path) -> None:
    (moment,) = moments(tables, tmp_path, "speech")["moments"]

    assert (moment["first_frame"], moment["last_frame"], moment["box"]) == (1, 30, None)
    assert moments(tables, tmp_path, "speech", larger_than=0.1)["count"] == 0
    assert ranges(moments(tables, tmp_path, "speech", "car", together=True)) == [("three", 1, 12)]


def test_labels_are_quoted(tables: LabelTables, tmp_path: Path) -> None:
    assert ranges(moments(tables, tmp_path, QUOTED)) == [("a.mp4", 1, 1)]
    assert moments(tables, tmp_path, "x') OR ('1'='1")["count"] == 0
    assert moments(tables, tmp_path, "nothing")["moments"] == []


def test_labels_are_required() -> None:
    with pytest.raises(ValueError, match="no labels are given"):
        moments_sql(MomentConditions(()))
