"""Overlap of boxes: matching of the boxes of two sets of labels of one video."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from voxel51.labels.extras import extra
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import UNNAMED_LABEL
from voxel51.labels.video_base import VideoLabelsBase

with extra("labels"):
    import numpy as np
    from numpy.typing import NDArray

SAME_OVERLAP = 0.5
"""Minimum overlap (intersection over union) of two boxes that are the same."""


@dataclass(frozen=True, slots=True)
class FrameBox:
    """Box in a frame: its label and track, and its sides (left, top, right, bottom) in relative coordinates."""

    frame_number: int
    label: str
    track: int | None
    confidence: float
    sides: tuple[float, float, float, float]


def boxes_on(labels: VideoLabelsBase, frames: set[int]) -> list[FrameBox]:
    """Return the boxes on ``frames``, ordered by frame."""
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
    """Return the boxes by frame number, for frames with boxes."""
    found: dict[int, list[FrameBox]] = defaultdict(list)
    for box in boxes:
        found[box.frame_number].append(box)
    return found


def iou_matrix(first: list[FrameBox], second: list[FrameBox]) -> NDArray[np.float64]:
    """Return the intersection over union of each of ``first`` with each of ``second``: [N, M]."""
    one = np.array([box.sides for box in first]).reshape(-1, 1, 4)
    other = np.array([box.sides for box in second]).reshape(1, -1, 4)
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    shared = np.clip(sides, 0, None).prod(axis=2)
    areas = (one[..., 2:] - one[..., :2]).prod(axis=2) + (other[..., 2:] - other[..., :2]).prod(axis=2)
    overlap: NDArray[np.float64] = shared / np.maximum(areas - shared, 1e-12)
    return overlap


def best_pairs(worth: NDArray[np.float64], least: float) -> list[tuple[int, int]]:
    """Return pairs (row, column) with the greatest total ``worth``, each row and column at most once, none below
    ``least``.

    This is the linear assignment problem, solved by the Hungarian method.

    Raises:
        ModuleNotFoundError: scipy is not installed.
    """
    if not worth.size:
        return []
    try:
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  (for this alone)
    except ModuleNotFoundError:
        raise ModuleNotFoundError("comparing labels needs scipy: pip install 'voxel51-platform[analytics]'") from None
    # Each allowed pair outweighs any number of disallowed ones, so disallowed pairs never displace an allowed one.
    rows, columns = linear_sum_assignment(np.where(worth >= least, worth + worth.size, 0.0), maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if worth[r, c] >= least]
