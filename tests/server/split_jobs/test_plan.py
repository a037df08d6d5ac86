"""Plan: parts divide the selected frames, without gaps, at keyframes where there are some nearby."""

import itertools

import pytest

from voxel51.server.split_jobs.plan import FrameIndex, FrameRange, divide, parts_worth, selected_frames

TIMES = [0.0, 0.1, 0.2, 0.7, 0.8, 2.0, 2.1, 2.2, 2.3, 3.0]
"""Variable frame rate."""


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, (1, 10)),
        ({"first_frame": 3, "last_frame": 8}, (3, 8)),
        ({"last_frame": 99}, (1, 10)),
        ({"start_seconds": 0.2, "end_seconds": 2.0}, (3, 6)),
        ({"start_seconds": 0.21}, (4, 10)),
        ({"end_seconds": 1.0, "first_frame": 2}, (2, 5)),
        ({"first_frame": True, "last_frame": "7"}, (1, 10)),
        ({"first_frame": 11}, None),
        ({"start_seconds": 0.9, "end_seconds": 1.9}, None),
    ],
)
def test_frames_that_parameters_select(parameters: dict[str, object], expected: tuple[int, int] | None) -> None:
    assert selected_frames(parameters, TIMES) == expected


@pytest.mark.parametrize("count", [1, 2, 3, 7, 10, 64])
@pytest.mark.parametrize("keyframes", [[], [1], [1, 4, 5, 9], [*range(1, 11)]])
def test_parts_divide_the_frames(count: int, keyframes: list[int]) -> None:
    parts = divide(FrameRange(2, 10), keyframes, count)

    assert (parts[0].first, parts[-1].last) == (2, 10)
    assert all(before.last + 1 == after.first for before, after in itertools.pairwise(parts))
    assert all(part.length >= 1 for part in parts)
    assert len(parts) <= min(count, 9)


def test_cuts_are_moved_to_keyframes_nearby() -> None:
    assert divide(FrameRange(1, 100), [1, 30, 80], 3) == [(1, 29), (30, 67), (68, 100)]
    assert divide(FrameRange(1, 100), [1, 12, 88], 2) == [(1, 50), (51, 100)]


def test_short_work_is_not_divided() -> None:
    assert [parts_worth(seconds, 20.0, 8) for seconds in (5, 39, 41, 1000)] == [0, 1, 2, 8]
    assert parts_worth(0.1, 0.0, 8) == 8
    assert FrameIndex(TIMES).seconds(FrameRange(4, 6)) == pytest.approx(1.95)
    assert FrameIndex(TIMES).seconds(FrameRange(4, 4)) == 0
