"""Boxes of two sets of labels of one video, laid upon each other."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import UNNAMED_LABEL
from voxel51.labels.video import VideoLabels

SAME_OVERLAP = 0.5
"""Two boxes are the same when they overlap at least this much (intersection over union)."""


@dataclass(frozen=True, slots=True)
class FrameBox:
    """A box in a frame: what it is of, and its sides (left, top, right, bottom) as shares of the picture."""

    frame_number: int
    label: str
    track: int | None
    confidence: float
    sides: tuple[float, float, float, float]


def boxes_on(labels: VideoLabels, frames: set[int]) -> list[FrameBox]:
    """The boxes on ``frames``, frame by frame."""
    boxes = []
    for number in labels.frames_with_objects():
        for each in labels.objects_in(number) if number in frames else ():
            box: BoundingBox | None = each.bounding_box
            if box is not None:
                confidence = 1.0 if each.confidence is None else each.confidence
                sides = (box.left, box.top, box.right, box.bottom)
                boxes.append(FrameBox(number, each.label or UNNAMED_LABEL, each.index, confidence, sides))
    return boxes


def by_frame(boxes: Iterable[FrameBox]) -> dict[int, list[FrameBox]]:
    """The boxes of each frame that has some."""
    found: dict[int, list[FrameBox]] = defaultdict(list)
    for box in boxes:
        found[box.frame_number].append(box)
    return found


def iou_matrix(first: list[FrameBox], second: list[FrameBox]) -> NDArray[np.float64]:
    """Intersection over union of each of ``first`` with each of ``second``: [N, M]."""
    one = np.array([box.sides for box in first]).reshape(-1, 1, 4)
    other = np.array([box.sides for box in second]).reshape(1, -1, 4)
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    shared = np.clip(sides, 0, None).prod(axis=2)
    areas = (one[..., 2:] - one[..., :2]).prod(axis=2) + (other[..., 2:] - other[..., :2]).prod(axis=2)
    overlap: NDArray[np.float64] = shared / np.maximum(areas - shared, 1e-12)
    return overlap


def best_pairs(worth: NDArray[np.float64], least: float) -> list[tuple[int, int]]:
    """Pairs of a row and a column, none twice, worth most together; none is worth less than ``least``.

    Raises:
        ModuleNotFoundError: scipy is not installed.
    """
    if not worth.size:
        return []
    try:
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  (for this alone)
    except ModuleNotFoundError:
        raise ModuleNotFoundError("comparing labels needs scipy: pip install 'voxel51-platform[analytics]'") from None
    # A pair that does not count is worth less than nothing, however many of them there are.
    rows, columns = linear_sum_assignment(np.where(worth >= least, worth + worth.size, 0.0), maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if worth[r, c] >= least]
