"""Redaction styles: replace a part of an image so that it cannot be recovered."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from voxel51.labels.media.frame import Pixels

CELLS = 6
"""Resolution that remains of a redacted part: this many colours in each direction."""


def _blurred(part: Pixels) -> Pixels:
    height, width = part.shape[:2]
    few = cv2.resize(part, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _pixelated(part: Pixels) -> Pixels:
    height, width = part.shape[:2]
    few = cv2.resize(part, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def _blackened(part: Pixels) -> Pixels:
    return np.zeros_like(part)


STYLES: Mapping[str, Callable[[Pixels], Pixels]] = {"blur": _blurred, "pixelate": _pixelated, "black": _blackened}
"""Functions by style name; each returns the replacement of a part, with the same shape."""


def redact(image: Pixels, box: tuple[float, float, float, float], style: str) -> None:
    """Redact ``box`` (left, top, right, bottom, in pixels) in ``image`` (uint8 [H, W, 3])."""
    height, width = image.shape[:2]
    left, top = max(0, int(np.floor(box[0]))), max(0, int(np.floor(box[1])))
    right, bottom = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    if left < right and top < bottom:
        image[top:bottom, left:right] = STYLES[style](image[top:bottom, left:right])
