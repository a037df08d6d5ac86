"""Object states: values of objects survive a checkpoint, and a changed state makes no other objects."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from voxel51.platform import Detection, Tracker
from voxel51.platform.checkpoint_codec import decode, encode
from voxel51.platform.object_state import restored, state_of


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    name: str


@dataclass
class Whole:
    points: list[Point] = field(default_factory=list)
    recent: deque[Any] = field(default_factory=lambda: deque(maxlen=2))
    by_frame: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    seen: set[int] = field(default_factory=set)
    arrays: tuple[Any, ...] = ()


def copy_of(whole: Whole) -> Whole:
    return restored(Whole(), decode(encode(state_of(whole, [Point]))), [Point])


def test_values_of_all_kinds_survive() -> None:
    arrays = (np.arange(300, dtype=np.int16), np.array([[0.1, 2.5]], np.float32), np.float32(0.1))
    whole = Whole([Point(0.1, "a")], deque([1, 2], 2), defaultdict(list, {3: [None]}), {2, 1}, arrays)

    copy = copy_of(whole)

    assert (copy.points, copy.recent, copy.seen) == (whole.points, whole.recent, whole.seen)
    assert copy.recent.maxlen == 2
    assert copy.by_frame[9] == []
    for one, other in zip(copy.arrays, arrays, strict=True):
        assert (one.dtype, one.shape, one.tolist()) == (other.dtype, other.shape, other.tolist())


def test_an_object_that_is_found_twice_is_one_object_afterwards() -> None:
    point = Point(1.0, "shared")

    copy = copy_of(Whole([point, point], by_frame={1: [point]}))

    assert copy.points[0] is copy.points[1] is copy.by_frame[1][0]


def test_objects_of_other_classes_are_refused() -> None:
    with pytest.raises(TypeError, match="cannot hold an object of the class Point"):
        state_of(Whole([Point(1.0, "a")]), [])
    state = state_of(Whole([Point(1.0, "a")]), [Point])
    state["objects"][0][0] = "Popen"
    with pytest.raises(KeyError):
        restored(Whole(), state, [Point])


def boxes_at(step: int) -> list[Detection]:
    return [Detection("car", (10.0 + 5 * step, 10, 60.0 + 5 * step, 40), 0.9), Detection("car", (200, 90, 260, 130))]


def test_a_tracker_goes_on_where_another_was() -> None:
    whole, first, second = Tracker(), Tracker(), Tracker()
    image = np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    expected = [whole.update(boxes_at(step) if step != 6 else [], step / 25, image) for step in range(12)]

    found = [first.update(boxes_at(step), step / 25, image) for step in range(6)]
    second.restore(decode(encode(first.state())))
    found += [second.update(boxes_at(step) if step != 6 else [], step / 25, image) for step in range(6, 12)]

    assert found == expected
