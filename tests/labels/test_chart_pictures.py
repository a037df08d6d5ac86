"""Pictures of charts: bars are as long as their values, and what does not fit is said."""

from pathlib import Path

import numpy as np
import pytest

from voxel51.labels.chart_files import write_set_chart
from voxel51.labels.chart_pictures import THEMES, WIDTH, Bar, BarChart, LineChart, chart_picture
from voxel51.labels.media.frame import Pixels
from voxel51.labels.media.still_images import read_image


def widths(picture: Pixels, colour: tuple[int, int, int]) -> list[int]:
    """Return the widths of the bars from the top, in pixels."""
    rows = (picture == np.array(colour, np.uint8)).all(axis=2).sum(axis=1)
    found: list[int] = []
    previous = 0
    for row in rows:
        if row and not previous:
            found.append(int(row))
        previous = int(row)
    return found


@pytest.mark.parametrize("theme", THEMES)
def test_bars_are_as_long_as_their_values(theme: str) -> None:
    chart = BarChart("Boxes", "boxes", [Bar("car", 1000), Bar("dog", 500), Bar("none", 0), Bar("cat", 10)])

    picture = chart_picture(chart, theme)

    car, dog, cat = widths(picture, THEMES[theme].bar)
    assert picture.shape[1] == WIDTH
    assert car == pytest.approx(2 * dog, abs=3)
    assert cat == pytest.approx(car / 100, abs=2)


def test_the_first_of_many_bars_are_drawn() -> None:
    picture = chart_picture(BarChart("Videos", "detections", [Bar(f"{n}.mp4", 1) for n in range(10_000)]))

    assert len(widths(picture, THEMES["light"].bar)) == 40
    assert picture.shape[0] < 2000


@pytest.mark.parametrize(
    "chart",
    [
        BarChart("Empty", "boxes", []),
        BarChart("Zero", "boxes", [Bar("a", 0)]),
        BarChart("Names", "boxes", [Bar("x" * 5000, 1), Bar("\u72ac", 1e12), Bar("", 1e-6)]),
        LineChart("Empty", "boxes", [], {}),
        LineChart("One", "boxes", [0.0], {"car": [3]}),
        LineChart("Many", "boxes", [0.0, 1.0], {str(n): [n, 0] for n in range(30)}),
    ],
    ids=lambda chart: chart.title,
)
def test_unusual_charts_are_drawn(chart: BarChart | LineChart) -> None:
    assert chart_picture(chart).shape[2] == 3


def test_lines_reach_the_height_of_their_values() -> None:
    low, high = (chart_picture(LineChart("Boxes", "boxes", [0.0, 1.0, 2.0], {"car": [0, top, 0]})) for top in (2, 10))

    assert low.shape == high.shape
    assert (low != high).any()


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("Überführung", "Uberfuhrung"),
        ("cafe\N{COMBINING ACUTE ACCENT} \u2013 1", "cafe - 1"),
        ("велосипед", "velosiped"),
        ("\u72ac", "Quan"),
    ],
)
def test_other_scripts_are_written_in_latin_letters(text: str, latin: str) -> None:
    written, expected = (chart_picture(BarChart(each, each, [Bar(each, 1)])) for each in (text, latin))

    assert np.array_equal(written, expected)
    assert not np.array_equal(written, chart_picture(BarChart("?", "?", [Bar("?", 1)])))


@pytest.mark.parametrize(
    ("chart", "row"),
    [
        ("classes", {"label": "car", "detections": 3}),
        ("videos", {"video": "a.mp4", "detections": 3}),
        ("hours", {"hour": 7, "detections": 3}),
        ("lengths", {"at_least_seconds": 300.0, "tracks": 3}),
    ],
)
def test_charts_of_many_videos_are_written(chart: str, row: dict[str, object], tmp_path: Path) -> None:
    write_set_chart(chart, [row], tmp_path / "chart.png", "dark")

    assert read_image(tmp_path / "chart.png").shape[1] == WIDTH
