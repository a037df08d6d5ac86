"""Charts of many videos by SQL: true counts by class, video, hour, length and speed, and a frame for each bar."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from voxel51.labels.charts import charts_of
from voxel51.labels.formats import convert
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.label_table import table_of
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import DetectedObject
from voxel51.labels.sql.charts import chart_sql
from voxel51.labels.sql.query import LabelTables, run_query
from voxel51.labels.track_bars import LENGTH_BOUNDS
from voxel51.labels.video import VideoLabels

QUOTED = "o'clock"


def labels_of(*found: tuple[str, int, int, int]) -> VideoLabels:
    """Return labels with objects: label, track, first and last frame of each."""
    labels = VideoLabels()
    for label, track, first, last in found:
        for number in range(first, last + 1):
            box = BoundingBox(0.1, 0.2, 0.3, 0.4)
            labels.frame(number).objects.append(DetectedObject(label=label, index=track, bounding_box=box))
    return labels


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> LabelTables:
    """Two videos of 10 frames per second: two cars at once and a clock in the first, which begins at 7:59:59.5."""
    folder = tmp_path_factory.mktemp("tables")
    found = {
        "one": labels_of(("car", 1, 1, 20), ("car", 2, 11, 20), (QUOTED, 3, 5, 6)),
        "two": labels_of(("car", 1, 31, 33)),
    }
    files = {}
    for job_id, labels in found.items():
        files[job_id] = folder / f"{job_id}.parquet"
        convert(labels, "parquet", files[job_id])
    jobs = [
        {"job_id": job_id, "video_id": f"v-{job_id}", "name": job_id, "frame_count": 100, "duration_seconds": 10.0}
        for job_id in files
    ]
    videos = [{"video_id": "v-one", "name": "a.mp4", "captured_at": "2026-06-01T07:59:59.500000"}]
    return LabelTables(videos, jobs, files)


def chart(name: str, tables: LabelTables, folder: Path, label: str | None = None) -> list[list[Any]]:
    run_query(chart_sql(name, label), tables, folder / "result.json", folder)
    rows: list[list[Any]] = json.loads((folder / "result.json").read_text())["rows"]
    return rows


def test_seconds_by_class_are_those_of_video(tables: LabelTables, tmp_path: Path) -> None:
    assert chart("classes", tables, tmp_path) == [
        ["car", 33, 3, 2.3, 2, "one", 1],
        [QUOTED, 2, 1, 0.2, 1, "one", 5],
    ]


def test_videos_are_counted_for_all_labels_or_one(tables: LabelTables, tmp_path: Path) -> None:
    all_, one = tmp_path / "all", tmp_path / "one"
    all_.mkdir()
    one.mkdir()
    # The second video was deleted: its job names the bar.
    assert chart("videos", tables, all_) == [
        ["a.mp4", 32, 3, 2.0, "v-one", "one", 1],
        ["two", 3, 1, 0.3, "v-two", "two", 31],
    ]
    assert chart("videos", tables, one, QUOTED) == [["a.mp4", 2, 1, 0.2, "v-one", "one", 5]]


def test_hours_are_those_of_videos_with_a_time(tables: LabelTables, tmp_path: Path) -> None:
    rows = chart("hours", tables, tmp_path)

    assert len(rows) == 24
    assert rows[7] == [7, 6, 2, 0.5, 1, "one", 1]  # frames 1 to 5
    assert rows[8] == [8, 26, 3, 1.5, 1, "one", 6]
    assert rows[9] == [9, 0, 0, 0.0, 0, None, None]


def test_tracks_are_counted_by_length_with_the_longest(tables: LabelTables, tmp_path: Path) -> None:
    rows = {row[0]: row[1:] for row in chart("lengths", tables, tmp_path, "car")}

    assert [*rows] == [*LENGTH_BOUNDS]
    assert (rows[0.0], rows[1.0], rows[2.0]) == ([1, 1, "two", 31], [1, 1, "one", 11], [1, 1, "one", 1])
    assert rows[5.0] == [0, 0, None, None]


def test_speeds_are_those_of_the_charts_of_a_job(tmp_path: Path) -> None:
    """Random walks with gaps of more and of less than a second, in frames that are not square."""
    random = Random(21)
    labels = VideoLabels()
    for track in range(1, 40):
        left, top, step = random.random() * 0.5, random.random() * 0.5, random.random() ** 3 * 0.4
        for number in sorted(random.sample(range(1, 60), random.choice([1, 2, 8, 30]))):
            left, top = (min(0.8, max(0.0, side + random.uniform(-step, step))) for side in (left, top))
            box = BoundingBox(left, top, left + 0.1, top + 0.2)
            each = DetectedObject(label=random.choice(["car", "bus"]), index=track, bounding_box=box)
            labels.frame(number).objects.append(each)
    labels.metadata = VideoMetadata(total_frame_count=60, duration=6.0, frame_rate=10.0, frame_size=(640, 270))
    convert(labels, "parquet", tmp_path / "one.parquet")
    jobs = [{"job_id": "one", "video_id": "v", "name": "one", "frame_count": 60, "duration_seconds": 6.0}]
    sizes = LabelTables([{"video_id": "v", "width": 640, "height": 270}], jobs, {"one": tmp_path / "one.parquet"})

    expected = charts_of(table_of(labels)).speeds

    assert expected is not None and sum(bar.tracks > 0 for bar in expected) >= 4
    found = chart("speeds", sizes, tmp_path)
    assert [(row[0], row[1], row[4]) for row in found] == [(bar.speed, bar.tracks, bar.first_frame) for bar in expected]
