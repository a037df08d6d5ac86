"""The rendition ``charts``: its arguments, and the document that the internal job writes."""

import json
from pathlib import Path

import pytest

from voxel51.analytics.rendition.renderers import RENDERERS, RenditionTask
from voxel51.labels.media.still_images import read_image
from voxel51.server.errors import BadRequest
from voxel51.server.renditions.specs import JOB_RENDITIONS

CAR = {
    "label": "car",
    "index": 1,
    "bounding_box": {"top_left": {"x": 0.1, "y": 0.2}, "bottom_right": {"x": 0.3, "y": 0.4}},
}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("zone", "0,0;1,1", "'zone' must be 3 to 50 points"),
        ("zone", "0,0;1,1;2,0", "not '0,0;1,1;2,0'"),
        ("zone", "0,0;" * 50 + "1,1", "'zone' must be 3 to 50 points"),
        ("line", "0,0;1,1;0,1", "'line' must be 2 points"),
        ("line", "a,b;c,d", "'line' must be 2 points"),
    ],
)
def test_invalid_points_are_rejected(name: str, text: str, expected: str) -> None:
    with pytest.raises(BadRequest, match="relative coordinates from 0 to 1") as caught:
        JOB_RENDITIONS["charts"].read({name: text})
    assert expected in str(caught.value)


def test_charts_are_written_for_a_zone_and_a_line(tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps({"frames": {"2": {"frame_number": 2, "objects": {"objects": [CAR]}}}}), "utf-8")
    arguments = JOB_RENDITIONS["charts"].read({"zone": "0,0;0.5,0;0.5,1;0,1", "line": "0.5,0;0.5,1"})

    path = RENDERERS["charts"](RenditionTask({"labels": labels}, arguments, tmp_path, lambda *_: None))

    charts = json.loads(path.read_text("utf-8"))
    assert [each["label"] for each in charts["classes"]] == ["car"]
    assert charts["zone"] == [{"label": "car", "visits": 1, "tracks": 1, "seconds": 0.04, "first_frame": 2}]
    assert charts["line"] == []


@pytest.mark.parametrize("chart", ["classes", "timeline", "lengths", "speeds", "zone", "line"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_chart_of_a_job_is_a_picture_and_a_table(chart: str, theme: str, tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps({"frames": {"2": {"frame_number": 2, "objects": {"objects": [CAR]}}}}), "utf-8")
    points = {"zone": "0,0;0.5,0;0.5,1;0,1", "line": "0.5,0;0.5,1"}
    spec = JOB_RENDITIONS["charts"]

    picture, rows = (
        RENDERERS["charts"](RenditionTask({"labels": labels}, arguments, tmp_path, lambda *_: None))
        for arguments in (
            spec.read({**points, "chart": chart, "format": output, "theme": theme}) for output in ("png", "csv")
        )
    )

    assert picture.read_bytes().startswith(b"\x89PNG")
    pixels = read_image(picture)
    assert pixels.shape[1] == 1280
    assert (pixels[0, 0].mean() > 128) == (theme == "light")
    header, *lines = rows.read_text("utf-8").splitlines()
    assert {"label", "tracks"} & {*header.split(",")}
    assert any("car" in line for line in lines) == (chart in {"classes", "timeline", "zone"})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"format": "png"}, "'chart' is required for csv and png"),
        ({"chart": "classes"}, "JSON has all charts"),
        ({"chart": "zone", "format": "png"}, "The chart 'zone' needs 'zone'"),
        ({"chart": "pie", "format": "png"}, "'chart' must be one of classes"),
    ],
)
def test_contradicting_arguments_of_charts_are_rejected(given: dict[str, str], expected: str) -> None:
    with pytest.raises(BadRequest, match=expected):
        JOB_RENDITIONS["charts"].read(given)


def test_files_are_named_after_the_chart() -> None:
    spec = JOB_RENDITIONS["charts"]

    assert spec.filename(spec.read({})) == "charts.json"
    assert spec.filename(spec.read({"chart": "classes", "format": "png"})) == "classes.png"
