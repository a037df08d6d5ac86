"""The rendition ``charts``: its arguments, and the document that the internal job writes."""

import json
from pathlib import Path

import pytest

from voxel51.analytics.rendition.renderers import RENDERERS, RenditionTask
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
