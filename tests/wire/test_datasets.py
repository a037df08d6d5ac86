"""Definitions of datasets: defaults, and options that are refused with their name."""

from typing import Any

import pytest

from voxel51.wire.datasets import checked_definition


def test_defaults_are_filled_in() -> None:
    assert checked_definition({"format": "yolo"}) == {
        "format": "yolo", "images": True, "quality": 90, "every": 1, "labelled_only": False, "classes": None,
        "rename": {}, "drop": [], "split": {"train": 1.0}, "seed": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"format": "tfrecord"}, "'format' is one of coco, cvat, .*not 'tfrecord'"),
        ({"format": "yolo", "qualty": 5}, "unknown option 'qualty'. Options: format, images"),
        ({"format": "yolo", "quality": 0}, "'quality' is a whole number, 1 to 100, not 0"),
        ({"format": "yolo", "every": True}, "'every' is a whole number"),
        ({"format": "yolo", "images": 1}, "'images' is true or false, not 1"),
        ({"format": "yolo", "classes": ["car", "car"]}, "'classes' names 'car' twice"),
        ({"format": "yolo", "classes": "car"}, "'classes' is a list of names"),
        ({"format": "yolo", "drop": ["a\nb"]}, "'drop' is a list of names"),
        ({"format": "yolo", "rename": {"car": 1}}, "'rename' is an object"),
        ({"format": "yolo", "split": {"train": 0.5}}, "must add up to 1, not 0.5"),
        ({"format": "yolo", "split": {"dev": 1.0}}, "the part 'dev'; parts are train, val, test"),
        ({"format": "yolo", "split": {"train": -1, "val": 2}}, "shares from 0 to 1"),
    ],
)
def test_invalid_options_are_refused_with_their_name(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        checked_definition(options)
