"""Detections of one image, and the interface of detectors."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from voxel51.labels.media.frame import Pixels

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


class Detector(Protocol):
    """Detector for images of any size, one image per call.

    Attributes:
        class_count: number of classes that it distinguishes.
    """

    class_count: int

    def fitting(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the width and height to which an image of ``size`` should be resized before `detect`."""

    def detect(self, image: Pixels, least_score: float) -> Detections:
        """Return the detections in ``image`` (BGR, uint8 [H, W, 3]) with a score of at least ``least_score``, best
        first.
        """


def iou_matrix(first: Floats, second: Floats) -> Floats:
    """Return the intersection over union of each box of ``first`` [N, 4] with each box of ``second`` [M, 4]: [N, M]."""
    top_left = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(bottom_right - top_left, 0, None).prod(axis=2)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)
