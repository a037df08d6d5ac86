"""Detections of one image as arrays, and their overlap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SAME_CLASS_OVERLAP = 0.6
"""Boxes of one class that overlap more than this (IoU) are one object."""

ANY_CLASS_OVERLAP = 0.85
"""Boxes of different classes that overlap more than this are one object: detectors report a van as both car and
truck.
"""


@dataclass(frozen=True, slots=True)
class Detections:
    """Boxes with scores and classes, all arrays of the same length.

    Attributes:
        boxes: float32 [N, 4]: left, top, right, bottom in pixels of the image.
        scores: float32 [N], in [0, 1].
        classes: int [N], positions in the detector's list of class names.
    """

    boxes: Floats
    scores: Floats
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.scores)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Detections":
        """Return the detections that a mask or an array of positions selects."""
        return Detections(self.boxes[which], self.scores[which], self.classes[which])

    def without_repeats(self, same_class_overlap: float = SAME_CLASS_OVERLAP) -> "Detections":
        """Return the best detection of each overlapping group, best first (greedy non-maximum suppression)."""
        order = np.argsort(-self.scores, kind="stable")
        overlap = iou_matrix(self.boxes, self.boxes)
        same = self.classes[:, None] == self.classes[None, :]
        repeats = overlap > np.where(same, same_class_overlap, ANY_CLASS_OVERLAP)
        kept: list[int] = []
        for each in order:
            if not repeats[each, kept].any():
                kept.append(int(each))
        return self.chosen(np.array(kept, np.int64))


def iou_matrix(first: Floats, second: Floats) -> Floats:
    """Return the intersection over union of each box of ``first`` [N, 4] with each box of ``second`` [M, 4]: [N, M]."""
    top_left = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(bottom_right - top_left, 0, None).prod(axis=2)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)
