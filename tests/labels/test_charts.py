import numpy as np
import pytest

from voxel51.labels.charts import charts_of
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.label_table import table_of
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoLabels

RATE = 10.0
LEFT_HALF = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
MIDDLE = [(0.5, 0.0), (0.5, 1.0)]


def street(*places: tuple[str, int, int, float]) -> VideoLabels:
    """Labels of boxes: label, track, frame, and the place of the middle from left to right."""
    made = VideoLabels(metadata=VideoMetadata(frame_rate=RATE, total_frame_count=100))
    for label, track, number, x in places:
        box = BoundingBox(x - 0.05, 0.2, x + 0.05, 0.6)
        made.frame(number).objects.append(DetectedObject(label=label, index=track, bounding_box=box))
    return made


def drive(label: str, track: int, first: int, last: int, start: float, end: float) -> list[tuple[str, int, int, float]]:
    """Places of a track that moves evenly from ``start`` to ``end``."""
    numbers = range(first, last + 1)
    return [(label, track, n, float(x)) for n, x in zip(numbers, np.linspace(start, end, len(numbers)), strict=True)]


def test_classes_are_counted_with_seconds_of_video() -> None:
    charts = charts_of(
        table_of(street(*drive("car", 1, 1, 20, 0.1, 0.9), *drive("car", 2, 11, 30, 0.2, 0.2), ("dog", 3, 7, 0.5)))
    )

    car, dog = charts.classes
    assert (car.label, car.boxes, car.tracks, car.frames, car.seconds, car.first_frame) == ("car", 40, 2, 30, 3.0, 1)
    assert (dog.boxes, dog.seconds, dog.first_frame) == (1, 0.1, 7)
    assert charts.frame_count == 100
    assert max(charts.timeline.counts["car"]) == 2
    assert charts.timeline.starts[6] == 7
    assert charts.timeline.counts["dog"][6] == 1


def test_long_videos_have_few_steps() -> None:
    timeline = charts_of(table_of(street(("car", 1, 1, 0.5), ("car", 1, 100_000, 0.5)))).timeline

    assert len(timeline.starts) <= 120
    assert (timeline.counts["car"][0], timeline.counts["car"][-1], sum(timeline.counts["car"])) == (1, 1, 2)


def test_tracks_are_counted_by_length() -> None:
    charts = charts_of(table_of(street(*drive("car", 1, 5, 64, 0.1, 0.9), ("car", 2, 3, 0.5), ("dog", 2, 9, 0.5))))

    bars = {bar.seconds: (bar.tracks, bar.first_frame) for bar in charts.lengths if bar.tracks}
    assert bars == {0.0: (2, 3), 5.0: (1, 5)}


def test_time_in_a_zone_is_that_of_each_track() -> None:
    table = table_of(street(*drive("car", 1, 1, 10, 0.2, 0.2), *drive("car", 1, 11, 30, 0.8, 0.8),
                            *drive("car", 1, 31, 40, 0.2, 0.2), *drive("dog", 2, 1, 5, 0.1, 0.3)))  # fmt: skip

    charts = charts_of(table, zone=LEFT_HALF)

    assert charts.zone is not None and charts.visits is not None
    assert [(each.label, each.visits, each.tracks, each.seconds) for each in charts.zone] == [
        ("car", 2, 1, 2.0),
        ("dog", 1, 1, 0.5),
    ]
    assert [(each.first_frame, each.last_frame) for each in charts.visits] == [(1, 10), (31, 40), (1, 5)]


def test_crossings_have_a_direction_and_a_frame() -> None:
    """From the first point, at the top, to the second, at the bottom, the left of the picture is on the right."""
    table = table_of(
        street(*drive("car", 1, 1, 10, 0.1, 0.9), *drive("car", 1, 11, 20, 0.9, 0.1), *drive("dog", 2, 1, 9, 0.6, 0.9))
    )

    charts = charts_of(table, line=MIDDLE)

    assert charts.crossings is not None and charts.line is not None
    assert [(each.label, each.frame, each.to_right) for each in charts.crossings] == [
        ("car", 6, False),
        ("car", 16, True),
    ]
    assert [(each.label, each.to_right, each.to_left, each.first_frame) for each in charts.line] == [("car", 1, 1, 6)]


def test_a_track_that_passes_beside_the_line_or_after_a_gap_does_not_cross() -> None:
    beside = charts_of(table_of(street(*drive("car", 1, 1, 10, 0.1, 0.9))), line=[(0.5, 0.0), (0.5, 0.5)])
    gap = charts_of(table_of(street(("car", 1, 1, 0.1), ("car", 1, 30, 0.9))), line=MIDDLE)

    assert beside.crossings == gap.crossings == ()


def test_nothing_found_has_empty_charts() -> None:
    charts = charts_of(table_of(VideoLabels()), zone=LEFT_HALF, line=MIDDLE)

    assert (charts.classes, charts.timeline.starts, charts.zone, charts.line) == ((), (), (), ())
    assert all(bar.tracks == 0 for bar in charts.lengths)


@pytest.mark.parametrize(("zone", "line"), [([(0, 0), (1, 1)], None), (None, [(0.0, 0.0)])])
def test_too_few_points_are_rejected(
    zone: list[tuple[float, float]] | None, line: list[tuple[float, float]] | None
) -> None:
    with pytest.raises(ValueError, match="has"):
        charts_of(table_of(VideoLabels()), zone, line)


def test_frame_zero_of_other_labels_counts_in_the_first_step() -> None:
    labels = VideoLabels()
    labels.frame(0).objects.append(DetectedObject(label="car", bounding_box=BoundingBox(0.1, 0.1, 0.2, 0.2)))

    assert charts_of(table_of(labels)).timeline.counts == {"car": (1,)}


def test_tracks_are_counted_by_speed_in_pixels() -> None:
    # 99 frames at 10 per second; 0.8 of a width of 1000 pixels in 9.9 seconds, and a track that stands still.
    labels = street(*drive("car", 1, 1, 100, 0.1, 0.9), *drive("car", 2, 20, 60, 0.5, 0.5), ("dog", 3, 7, 0.5))
    assert charts_of(table_of(labels)).speeds is None
    labels.metadata = VideoMetadata(frame_rate=RATE, total_frame_count=100, frame_size=(1000, 500))

    speeds = charts_of(table_of(labels)).speeds

    assert speeds is not None
    assert {bar.speed: (bar.tracks, bar.first_frame) for bar in speeds if bar.tracks} == {0.0: (1, 20), 50.0: (1, 1)}


def test_speeds_leave_out_the_time_in_which_a_track_was_lost() -> None:
    labels = street(*drive("car", 1, 1, 11, 0.1, 0.3), *drive("car", 1, 91, 101, 0.7, 0.9))
    labels.metadata = VideoMetadata(frame_rate=RATE, total_frame_count=101, frame_size=(1000, 500))

    speeds = charts_of(table_of(labels)).speeds

    assert speeds is not None
    assert [bar.speed for bar in speeds if bar.tracks] == [100.0]
