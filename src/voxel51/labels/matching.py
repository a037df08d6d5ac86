"""Matching of the boxes of two label tables, frame by frame, in columns."""

from collections.abc import Iterator
from dataclasses import dataclass

from voxel51.labels.extras import extra
from voxel51.labels.overlap import best_pairs

with extra("labels"):
    import numpy as np
    from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Overlaps = NDArray[np.float64]

_MOST_PAIRS = 2_000_000
"""Maximum number of pairs of boxes whose overlap is computed at once; it bounds memory to about 200 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Boxes to be matched: those with the same key are in one frame and may match.

    Attributes:
        keys: [N] in ascending order.
        sides: [N, 4] left, top, right, bottom.
    """

    keys: Numbers
    sides: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Pairs of boxes: [P] positions in the first and in the second table, and [P] overlaps."""

    first: Numbers
    second: Numbers
    overlaps: Overlaps


def matches(first: Boxes, second: Boxes, least: float) -> Matches:
    """Return the pairs of boxes with the greatest total overlap, each box at most once, none below ``least``.

    Nearly all boxes overlap enough with one other box only, and these pairs are part of every best solution. Only the
    others are assigned one frame after the other.
    """
    parts = [*_candidates(first, second, least)]
    rows = np.concatenate([part.first for part in parts]) if parts else np.empty(0, np.int64)
    columns = np.concatenate([part.second for part in parts]) if parts else np.empty(0, np.int64)
    overlaps = np.concatenate([part.overlaps for part in parts]) if parts else np.empty(0)
    is_alone = np.bincount(rows, minlength=len(first.keys))[rows] == 1
    is_alone &= np.bincount(columns, minlength=len(second.keys))[columns] == 1
    chosen = [
        np.flatnonzero(is_alone),
        *_assigned(first.keys, rows, columns, overlaps, np.flatnonzero(~is_alone), least),
    ]
    positions = np.sort(np.concatenate(chosen))
    return Matches(rows[positions], columns[positions], overlaps[positions])


def _candidates(first: Boxes, second: Boxes, least: float) -> Iterator[Matches]:
    """Yield all pairs with the same key that overlap enough, ordered by the first box."""
    starts = np.searchsorted(second.keys, first.keys, side="left")
    counts = np.searchsorted(second.keys, first.keys, side="right") - starts
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(counts):
        before = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + _MOST_PAIRS, side="right")))
        some = counts[begin:end]
        rows = np.repeat(np.arange(begin, end), some)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(some) - some, some)
        columns = np.repeat(starts[begin:end], some) + within
        overlaps = _overlaps(first.sides[rows], second.sides[columns])
        is_enough = overlaps >= least
        yield Matches(rows[is_enough], columns[is_enough], overlaps[is_enough])
        begin = end


def _overlaps(one: NDArray[np.float64], other: NDArray[np.float64]) -> Overlaps:
    """Return the intersection over union of each box of ``one`` with the box of ``other`` in the same row."""
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    shared = np.clip(sides, 0, None).prod(axis=1)
    areas = (one[:, 2:] - one[:, :2]).prod(axis=1) + (other[:, 2:] - other[:, :2]).prod(axis=1)
    overlaps: Overlaps = shared / np.maximum(areas - shared, 1e-12)
    return overlaps


def _assigned(
    keys: Numbers, rows: Numbers, columns: Numbers, overlaps: Overlaps, contested: Numbers, least: float
) -> Iterator[Numbers]:
    """Yield the positions, among all candidates, of the best of the contested pairs of each key."""
    if not len(contested):
        return
    groups = np.split(contested, np.flatnonzero(np.diff(keys[rows[contested]])) + 1)
    for group in groups:
        ones, row = np.unique(rows[group], return_inverse=True)
        others, column = np.unique(columns[group], return_inverse=True)
        worth = np.zeros((len(ones), len(others)))
        worth[row, column] = overlaps[group]
        position = {(int(r), int(c)): int(at) for r, c, at in zip(row, column, group, strict=True)}
        yield np.array([position[pair] for pair in best_pairs(worth, least)], np.int64)
