import base64
import copy
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voxel51.labels import masks
from voxel51.labels.errors import InvalidLabels
from voxel51.labels.validate import image_labels_problems, video_labels_file_problems, video_labels_problems
from voxel51.labels.video import VideoLabels


def document() -> dict[str, Any]:
    corners = {"top_left": {"x": 0.1, "y": 0.2}, "bottom_right": {"x": 0.4, "y": 0.6}}
    thing = {"type": "eta.core.objects.DetectedObject", "label": "car", "bounding_box": corners, "confidence": 0.9}
    event = {"type": "eta.core.events.VideoEvent", "label": "shot", "support": {"ranges": "1-3,5"}}
    attribute = {"type": "eta.core.data.NumericAttribute", "name": "lux", "value": 1}
    return {
        "metadata": {"total_frame_count": 9},
        "attrs": {"attrs": [attribute]},
        "frames": {"1": {"frame_number": 1, "objects": {"objects": [thing]}}},
        "events": {"events": [event]},
    }


THING = ("frames", "1", "objects", "objects", 0)
BOX = (*THING, "bounding_box")
EVENT = ("events", "events", 0)
ATTRIBUTE = ("attrs", "attrs", 0)
PICKLED = base64.b64encode(
    zlib.compress(b"\x93NUMPY\x01\x00\x40\x00{'descr': '|O', 'shape': (1, 1)}".ljust(74))
).decode()

READERS_REFUSE = {
    "frames as a list": (("frames",), [], "frames: expected an object keyed by number, got a list"),
    "a frame key that is no number": (("frames",), {"one": {}}, "frames.one: the key must be a whole number"),
    "a bare list of objects": (("frames", "1", "objects"), [], "frames.1.objects: expected an object"),
    "a container without its list": (("events",), {}, "events: expected a list at its key 'events'"),
    "a box as a list": (BOX, [0, 0, 1, 1], "bounding_box: expected an object with two corners, got a list"),
    "a box without a corner": ((*BOX, "bottom_right"), None, "bottom_right.x: expected a number, got None"),
    "an attribute without type": ((*ATTRIBUTE, "type"), None, "attrs.attrs[0].type: expected one of"),
    "an attribute of unknown type": ((*ATTRIBUTE, "type"), "os.system", "got 'os.system'"),
    "an attribute without value": ((*ATTRIBUTE, "value"), None, "attrs.attrs[0]: value is missing"),
    "an object of another type": ((*THING, "type"), "eta.core.events.VideoEvent", "objects[0].type: expected"),
    "ranges that overlap": ((*EVENT, "support", "ranges"), "1-3,3-4", "ranges must rise without overlap, got 3-4"),
    "ranges that cannot be read": ((*EVENT, "support", "ranges"), "1..3", "expected ranges such as 1-3,6, got '1..3'"),
    "a mask as nested lists": ((*THING, "mask"), [[1]], "expected a mask as base64 text, got a list"),
    "a mask that is no base64": ((*THING, "mask"), "%%%", "a mask is base64 of zlib of an NPY file"),
    "a pickled mask": ((*THING, "mask"), PICKLED, "a mask holds booleans or whole numbers, got dtype '|O'"),
}

READERS_ACCEPT = {
    "a coordinate outside the frame": ((*BOX, "top_left", "x"), -0.1, "top_left.x: must lie in [0, 1]"),
    "an inverted box": ((*BOX, "bottom_right", "x"), 0.05, "bottom_right must lie below and right"),
    "confidence as text": ((*THING, "confidence"), "0.9", "confidence: expected a number, got '0.9'"),
    "confidence above 1": ((*THING, "confidence"), 90, "confidence: must lie in [0, 1], got 90"),
    "true as a track number": ((*THING, "index"), True, "index: expected a whole number, got True"),
    "frame 0": (("frames",), {"0": {}}, "frames.0: numbers start at 1, got 0"),
    "a key that contradicts its frame": (("frames", "1", "frame_number"), 2, "frames.1: its frame_number is 2"),
    "a point given as text": (
        ("frames", "1", "keypoints"),
        {"keypoints": [{"points": [["0.1", 0.2]]}]},
        "keypoints[0].points[0][0]: expected a number",
    ),
    "a number that is not finite": ((*ATTRIBUTE, "value"), float("nan"), "value: must be finite, got nan"),
    "a frame after the last": (("frames",), {"10": {}}, "frames.10: the video has 9 frames by its metadata"),
    "a support after the last frame": ((*EVENT, "support", "ranges"), "1-10", "reaches frame 10"),
}


def changed(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    whole = document()
    inner: Any = whole
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return whole


def test_a_valid_document_has_no_problems() -> None:
    assert video_labels_problems(document()) == []
    assert image_labels_problems({"objects": document()["frames"]["1"]["objects"]}) == []


@pytest.mark.parametrize(("place", "value", "text"), READERS_REFUSE.values(), ids=READERS_REFUSE)
def test_a_problem_that_readers_reject_is_fatal(place: tuple[Any, ...], value: Any, text: str) -> None:
    problems = video_labels_problems(changed(place, value))

    assert [problem for problem in problems if problem.fatal and text in str(problem)], problems
    with pytest.raises(InvalidLabels):
        VideoLabels.from_json(changed(place, value))


@pytest.mark.parametrize(("place", "value", "text"), READERS_ACCEPT.values(), ids=READERS_ACCEPT)
def test_a_problem_that_readers_accept_is_reported_and_not_fatal(place: tuple[Any, ...], value: Any, text: str) -> None:
    problems = video_labels_problems(changed(place, value))

    assert [problem for problem in problems if text in str(problem)], problems
    assert not any(problem.fatal for problem in problems)
    VideoLabels.from_json(changed(place, value))


def test_every_problem_is_reported_at_once() -> None:
    wrong = copy.deepcopy(document())
    wrong["frames"]["1"]["objects"]["objects"][0]["confidence"] = 2
    wrong["frames"]["1"]["frame_number"] = 7
    wrong["events"]["events"][0]["support"]["ranges"] = "1-99"

    assert [problem.path for problem in video_labels_problems(wrong)] == [
        "frames.1",
        "frames.1.objects.objects[0].confidence",
        "events.events[0].support",
    ]


def test_an_invalid_json_file_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"frames": ')
    (tmp_path / "right.json").write_text(json.dumps(document()))

    assert ["is not JSON" in str(problem) for problem in video_labels_file_problems(tmp_path / "broken.json")] == [True]
    assert video_labels_file_problems(tmp_path / "right.json") == []


def test_a_mask_survives_encoding_and_decoding() -> None:
    mask = np.arange(6, dtype=np.uint8).reshape(2, 3)

    assert masks.decode(masks.encode(mask)).tolist() == mask.tolist()
    with pytest.raises(ValueError, match="a mask is 2-D"):
        masks.encode(np.zeros(3, np.uint8))


def test_a_mask_that_unpacks_to_too_many_bytes_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    text = masks.encode(np.zeros((1000, 1000), np.uint8))
    monkeypatch.setattr(masks, "DECODED_BYTES_LIMIT", 100_000)

    with pytest.raises(ValueError, match="unpacks to more than 100000 bytes"):
        masks.decode(text)
