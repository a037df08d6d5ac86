"""Sparse looks: the frames of a shot that are looked at."""

import numpy as np
import pytest

from voxel51.analytics.tracking.sparse_looks import Look, SparseLooks, is_still
from voxel51.labels.media.frame import Pixels
from voxel51.platform.tracking.detections import Detections

HEIGHT, WIDTH, SIDE = 64, 128, 16
Objects = list[tuple[int, int]]
"""Left and top of each object."""


def picture(objects: Objects, brightness: int = 40) -> Pixels:
    """A picture with a bright square for each object."""
    drawn = np.full((HEIGHT, WIDTH, 3), brightness, np.uint8)
    for left, top in objects:
        drawn[top : top + SIDE, left : left + SIDE] = 250
    return drawn


def detections(objects: Objects, score: float = 0.9) -> Detections:
    boxes = np.array([[x, y, x + SIDE, y + SIDE] for x, y in objects], np.float32).reshape(-1, 4)
    return Detections(boxes, np.full(len(boxes), score, np.float32), np.zeros(len(boxes), np.int64))


def looked_at(frames: list[Objects], most_held: int = 4, *, brightness_step: int = 0, score: float = 0.9) -> list[int]:
    """Return the numbers of the frames that were looked at, in a shot with ``frames``, counted from 0."""
    pictures = [picture(objects, 40 + brightness_step * place) for place, objects in enumerate(frames)]
    known = {id(drawn): objects for drawn, objects in zip(pictures, frames, strict=True)}
    found: list[int] = []

    def find(drawn: Pixels) -> Detections:
        found.append(next(place for place, each in enumerate(pictures) if each is drawn))
        return detections(known[id(drawn)], score)

    looks = SparseLooks(find, least_score=0.3, most_held=most_held)
    seen = [
        each.look.frame_number
        for place, drawn in enumerate(pictures)
        for each in looks.add(Look(place, drawn), ends_shot=place == len(pictures) - 1)
    ]
    assert seen == sorted(found), "frames must come in order, each once"
    return seen


def test_in_a_still_scene_only_the_last_of_the_held_frames_is_looked_at() -> None:
    assert looked_at([[(8, 8)]] * 13) == [0, 4, 8, 12]


def test_a_still_scene_stays_so_while_its_objects_are_found_by_chance() -> None:
    flickering: list[Objects] = [[(8, 8)], [], [], [], [(8, 8)], [], [], [], []]
    pictures = [picture([(8, 8)]) for _ in flickering]
    answers = iter(detections(each) for each in flickering)

    looks = SparseLooks(lambda _: next(answers), least_score=0.3, most_held=4)
    seen = [s for place, drawn in enumerate(pictures) for s in looks.add(Look(place, drawn), ends_shot=place == 8)]

    assert [each.look.frame_number for each in seen] == [0, 4, 8]


def test_slow_objects_are_followed_at_the_lowest_rate_while_the_light_changes() -> None:
    assert looked_at([[(8 + place, 8), (80, 40)] for place in range(9)], brightness_step=6) == [0, 4, 8]


def test_fast_objects_are_looked_at_in_every_frame() -> None:
    assert looked_at([[(8 * place, 8)] for place in range(9)]) == [*range(9)]


def test_an_object_that_appears_is_looked_at_from_its_first_frame_on() -> None:
    appearing: list[Objects] = [[]] * 6 + [[(8, 8)]] * 3

    seen = looked_at(appearing, brightness_step=6)

    assert {5, 6} <= set(seen)
    assert 2 not in seen


def test_objects_that_meet_are_looked_at_in_every_frame() -> None:
    meeting = [[(8 + place, 8), (24 - place, 8)] for place in range(9)]

    assert set(looked_at(meeting)) >= {5, 6, 7, 8}


def test_detections_below_the_least_score_are_not_noticed() -> None:
    frames: list[Objects] = [[], [], [(8, 8)], [], [], [(60, 8)], [], [], []]

    assert looked_at(frames, brightness_step=6, score=0.2) == [0, 4, 8]


def test_every_frame_is_looked_at_if_none_are_held() -> None:
    assert looked_at([[(8, 8)]] * 5, most_held=1) == [*range(5)]


def test_the_last_frame_of_a_shot_is_looked_at_and_the_next_shot_starts_afresh() -> None:
    looks = SparseLooks(lambda _: detections([]), least_score=0.3, most_held=4)
    still = picture([])

    seen = [s for place in range(12) for s in looks.add(Look(place, still), ends_shot=place in {5, 11})]

    assert [each.look.frame_number for each in seen] == [0, 4, 5, 6, 8, 11]


@pytest.mark.parametrize(("moved", "is_same"), [(0, True), (2, False)])
def test_a_picture_is_still_with_noise_and_not_with_a_small_moving_object(moved: int, is_same: bool) -> None:
    random = np.random.default_rng(5)
    first, second = picture([]), picture([])
    first[20:40, 60:67] = second[20:40, 60 + moved : 67 + moved] = 90
    noisy = [np.clip(each + random.normal(0, 1.5, each.shape), 0, 255).astype(np.uint8) for each in (first, second)]

    assert is_still(*noisy) == is_same
