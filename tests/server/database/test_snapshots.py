"""Snapshots: results over many rows are kept for a while, those over few are always current."""

import itertools

from voxel51.server.database.snapshots import LARGE, Snapshots


class Clock:
    """A clock whose time passes only if a test sets it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def counting(rows: int, clock: Clock) -> "tuple[Snapshots[str, int], itertools.count[int]]":
    """Return snapshots of results over ``rows`` rows, and the results: 0, 1, 2, …"""
    return Snapshots(lambda _: rows, 60.0, clock), itertools.count()


def test_a_result_over_many_rows_is_kept_for_its_time() -> None:
    clock = Clock()
    snapshots, results = counting(LARGE + 1, clock)

    first = [snapshots.get("a", lambda: next(results)) for _ in range(3)]
    clock.seconds = 59.9
    later = snapshots.get("a", lambda: next(results))
    clock.seconds = 60.1
    last = snapshots.get("a", lambda: next(results))

    assert (first, later, last) == ([0, 0, 0], 0, 1)


def test_a_result_over_few_rows_is_always_computed() -> None:
    snapshots, results = counting(LARGE, Clock())

    assert [snapshots.get("a", lambda: next(results)) for _ in range(3)] == [0, 1, 2]


def test_each_key_has_a_result_of_its_own() -> None:
    snapshots, results = counting(LARGE + 1, Clock())

    assert [snapshots.get(key, lambda: next(results)) for key in "abab"] == [0, 1, 0, 1]


def test_the_oldest_results_are_dropped_for_others() -> None:
    snapshots, results = counting(LARGE + 1, Clock())

    for key in range(150):
        snapshots.get(str(key), lambda: next(results))

    assert snapshots.get("149", lambda: next(results)) == 149
    assert snapshots.get("0", lambda: next(results)) == 150
