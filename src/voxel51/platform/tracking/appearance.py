"""Appearance of tracked objects: colour histograms that tell two people apart when they cross.

The histograms cover the inner part of a box, once for its upper part (a torso) and once for its lower part (legs).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from voxel51.labels.media.frame import Pixels
from voxel51.platform.tracking.detections import Floats

_PARTS = ((0.15, 0.5), (0.5, 0.9))
"""Torso and legs: from and to which share of the height of a box."""

_MARGIN = 0.2
"""Share of the width on each side of a box that is background."""

_HUES, _SATURATIONS, _GREYS = 8, 4, 8
_LEAST_SATURATION, _LEAST_VALUE = 48, 32
"""Pixels below are grey; their hue is noise."""

_ALONE_OVERLAP = 0.15
"""A box of which another box covers less than this share shows its own object only."""

_LEARNING_RATE = 0.1
"""Share of a new observation in the learned histogram."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Appearance of the detections of one frame.

    Attributes:
        histograms: float32 [N, D], of length 1, so that the product of two is their Bhattacharyya coefficient.
        are_alone: bool [N]: whether no other box covers much of this one.
    """

    histograms: Floats
    are_alone: NDArray[np.bool_]

    @classmethod
    def of(cls, picture: Pixels, boxes: Floats) -> "Looks":
        """Return the appearance of ``boxes`` [N, 4] in ``picture`` (BGR, uint8 [H, W, 3])."""
        colours: Pixels = np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_BGR2HSV), np.uint8)
        histograms = [_histogram(colours, box) for box in boxes]
        size = len(_PARTS) * (_HUES * _SATURATIONS + _GREYS)
        return cls(np.array(histograms, np.float32).reshape(-1, size), _covered_shares(boxes) < _ALONE_OVERLAP)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Looks":
        """Return the appearance of the detections that a mask or an array of positions selects."""
        return Looks(self.histograms[which], self.are_alone[which])


class LearnedLook:
    """Appearance of one track, learned from its observations.

    Attributes:
        histogram: float32 [D], of length 1.
        is_learned: whether the track was seen alone; before, the histogram may show another object too.
    """

    def __init__(self, histogram: Floats, *, is_alone: bool) -> None:
        self.histogram = histogram
        self.is_learned = is_alone

    def learn(self, histogram: Floats, *, is_alone: bool) -> None:
        """Add an observation, unless another object covers it."""
        if not is_alone:
            return
        share = _LEARNING_RATE if self.is_learned else 1.0
        mixed = (1 - share) * self.histogram + share * histogram
        self.histogram = np.asarray(mixed / max(float(np.linalg.norm(mixed)), 1e-6), np.float32)
        self.is_learned = True


def _histogram(colours: Pixels, box: Floats) -> Floats:
    """Return the square roots of the shares of colours in the parts of ``box`` (HSV, uint8 [H, W, 3])."""
    left, top, right, bottom = (float(side) for side in box)
    width, height = right - left, bottom - top
    first, last = int(max(0.0, left + _MARGIN * width)), int(np.ceil(right - _MARGIN * width))
    parts = []
    for start, end in _PARTS:
        high, low = int(max(0.0, top + start * height)), int(np.ceil(top + end * height))
        parts.append(_shares(colours[high:low, first:last].reshape(-1, 3).astype(np.int32)))
    return np.asarray(np.sqrt(np.concatenate(parts) / len(_PARTS)), np.float32)


def _shares(pixels: NDArray[np.int32]) -> Floats:
    hue, saturation, value = pixels.T
    is_grey = (saturation < _LEAST_SATURATION) | (value < _LEAST_VALUE)
    kinds = hue * _HUES // 180 * _SATURATIONS + saturation * _SATURATIONS // 256  # OpenCV's hues end at 179
    coloured = np.bincount(kinds[~is_grey], minlength=_HUES * _SATURATIONS)
    greys = np.bincount(value[is_grey] * _GREYS // 256, minlength=_GREYS)
    return np.asarray(np.concatenate([coloured, greys]) / max(len(pixels), 1), np.float32)


def _covered_shares(boxes: Floats) -> Floats:
    """Return the largest share of each box that another box covers [N]."""
    top_left = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    bottom_right = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(bottom_right - top_left, 0, None).prod(axis=2)
    np.fill_diagonal(shared, 0)
    areas = np.clip(boxes[:, 2:] - boxes[:, :2], 1e-3, None).prod(axis=1)
    return np.asarray((shared / areas[:, None]).max(axis=1, initial=0), np.float32)
