"""Splits: whole videos, shares, and the same parts each time."""

from collections import Counter

import pytest

from voxel51.labels.datasets.splits import split_videos

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, {}),
        (1, {"train": 1}),
        (2, {"train": 1, "val": 1}),
        (3, {"train": 1, "val": 1, "test": 1}),
        (12, {"train": 10, "val": 1, "test": 1}),
        (100, {"train": 80, "val": 10, "test": 10}),
    ],
)
def test_each_part_gets_its_share_of_the_videos(count: int, expected: dict[str, int]) -> None:
    parts = split_videos([f"video-{number}" for number in range(count)], SHARES, seed=0)

    assert Counter(parts.values()) == expected
    assert len(parts) == count


def test_the_seed_decides_and_the_order_does_not() -> None:
    keys = [f"video-{number}" for number in range(20)]

    first = split_videos(keys, SHARES, seed=1)

    assert split_videos(keys[::-1], SHARES, seed=1) == first
    assert split_videos(keys, SHARES, seed=2) != first
