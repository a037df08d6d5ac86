"""Box differences: the boxes that only one of two sets of labels has, or that have another label in the other."""

from collections.abc import Mapping
from dataclasses import dataclass

from voxel51.labels.extras import extra
from voxel51.labels.label_table import NO_TRACK, LabelTable
from voxel51.labels.matching import Boxes, matches

with extra("labels"):
    import numpy as np
    from numpy.typing import NDArray

MOST_BOXES = 50_000
"""Maximum number of differing boxes that are listed; all are counted."""

_SIDE_DIGITS = 5

Numbers = NDArray[np.int64]
BoxRow = tuple[int, str, str | None, int | None, float, float, float, float]
"""Frame, label, label in the other set (None for a box that the other set lacks), track, left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Differing boxes, frame by frame. In the lists by frame, positions correspond.

    Attributes:
        frames: all frames with a differing box, in order.
        removed, added: number of boxes in the first and in the second set only, by frame.
        changed: number of boxes of the first set whose place has a box with another label in the second, by frame.
        first_boxes, second_boxes: the differing boxes of each set, ordered by frame.
        is_complete: whether all differing boxes are listed; at most `MOST_BOXES` are.
    """

    frames: tuple[int, ...]
    removed: tuple[int, ...]
    added: tuple[int, ...]
    changed: tuple[int, ...]
    first_boxes: tuple[BoxRow, ...]
    second_boxes: tuple[BoxRow, ...]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Boxes of one label: number of matched ones with the sum of their overlaps, and of those in one set only."""

    both: int
    overlap_sum: float
    only_first: int
    only_second: int


@dataclass(frozen=True, slots=True)
class FoundDifferences:
    """Counts by label, the differing boxes, and the number of boxes in one set only by frame of ``differences``."""

    by_label: Mapping[str, LabelCounts]
    differences: Differences
    alone_by_frame: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One table with labels that are numbered alike on both sides. ``alone`` are the rows without a match."""

    table: LabelTable
    labels: Numbers
    alone: Numbers


def box_differences(first: LabelTable, second: LabelTable, overlap: float) -> FoundDifferences:
    """Match the boxes of two tables by frame, label and overlap, and then the others by frame and overlap alone."""
    names = sorted({*first.names, *second.names})
    labels = tuple(_renumbered(table, names) for table in (first, second))
    orders = tuple(_ordered(table, numbers, len(names)) for table, numbers in zip((first, second), labels, strict=True))
    same = matches(
        Boxes(orders[0][1], first.sides[orders[0][0]]), Boxes(orders[1][1], second.sides[orders[1][0]]), overlap
    )
    one = _Side(first, labels[0], _rest(orders[0][0], same.first))
    other = _Side(second, labels[1], _rest(orders[1][0], same.second))
    by_label = _counts(names, one, other, labels[0][orders[0][0][same.first]], same.overlaps)
    return FoundDifferences(by_label, *_differences(names, one, other, overlap))


def _renumbered(table: LabelTable, names: list[str]) -> Numbers:
    numbers = np.array([names.index(name) for name in table.names], np.int64)
    return numbers[table.labels] if len(numbers) else np.empty(0, np.int64)


def _ordered(table: LabelTable, labels: Numbers, label_count: int) -> tuple[Numbers, Numbers]:
    """Return the order of the boxes by frame and label, and their keys in this order."""
    keys = table.frames * max(1, label_count) + labels
    order = np.argsort(keys, kind="stable")
    return order, keys[order]


def _rest(order: Numbers, matched: Numbers) -> Numbers:
    """Return the rows that were not matched, in ascending order, and so by frame."""
    is_left = np.ones(len(order), bool)
    is_left[order[matched]] = False
    return np.flatnonzero(is_left)


def _counts(
    names: list[str], one: _Side, other: _Side, matched: Numbers, overlaps: NDArray[np.float64]
) -> dict[str, LabelCounts]:
    size = len(names)
    both, sums = np.bincount(matched, minlength=size), np.bincount(matched, overlaps, size)
    only = [np.bincount(side.labels[side.alone], minlength=size) for side in (one, other)]
    return {
        name: LabelCounts(int(both[at]), float(sums[at]), int(only[0][at]), int(only[1][at]))
        for at, name in enumerate(names)
    }


def _differences(names: list[str], one: _Side, other: _Side, overlap: float) -> tuple[Differences, tuple[int, ...]]:
    sides = (one, other)
    places = [Boxes(side.table.frames[side.alone], side.table.sides[side.alone]) for side in sides]
    changed = matches(places[0], places[1], overlap)
    partners = [np.full(len(side.alone), -1, np.int64) for side in sides]
    partners[0][changed.first] = other.labels[other.alone[changed.second]]
    partners[1][changed.second] = one.labels[one.alone[changed.first]]
    frames = np.union1d(places[0].keys, places[1].keys)
    removed, added = (
        _by_frame(place.keys[partner < 0], frames) for place, partner in zip(places, partners, strict=True)
    )
    relabelled = _by_frame(places[0].keys[changed.first], frames)
    listed = [_rows(names, side, partner) for side, partner in zip(sides, partners, strict=True)]
    differences = Differences(
        frames=_listed(frames),
        removed=_listed(removed),
        added=_listed(added),
        changed=_listed(relabelled),
        first_boxes=listed[0],
        second_boxes=listed[1],
        is_complete=all(len(side.alone) <= MOST_BOXES // 2 for side in sides),
    )
    return differences, _listed(removed + added + 2 * relabelled)


def _by_frame(keys: Numbers, frames: Numbers) -> Numbers:
    return np.bincount(np.searchsorted(frames, keys), minlength=len(frames))


def _listed(numbers: Numbers) -> tuple[int, ...]:
    return tuple(numbers.tolist())


def _rows(names: list[str], side: _Side, partners: Numbers) -> tuple[BoxRow, ...]:
    rows = side.alone[: MOST_BOXES // 2]
    columns = (
        side.table.frames[rows].tolist(),
        side.labels[rows].tolist(),
        partners[: len(rows)].tolist(),
        side.table.tracks[rows].tolist(),
        side.table.sides[rows].round(_SIDE_DIGITS).tolist(),
    )
    return tuple(
        (frame, names[label], names[partner] if partner >= 0 else None, None if track == NO_TRACK else track, *sides)
        for frame, label, partner, track, sides in zip(*columns, strict=True)
    )
