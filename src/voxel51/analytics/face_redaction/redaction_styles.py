"""RenditionTask a part of a picture unrecognisable: what is taken away is not in the picture any more."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from voxel51.labels.media.frame import Pixels

CELLS = 6
"""What is left of a covered part: so many colours each way."""


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
"""By name; each gives what stands in the place of a part, of the same shape."""


def cover(image: Pixels, box: tuple[float, float, float, float], style: str) -> None:
    """Change ``image`` (uint8 [H, W, 3]) within ``box``: left, top, right, bottom, in pixels."""
    height, width = image.shape[:2]
    left, top = max(0, int(np.floor(box[0]))), max(0, int(np.floor(box[1])))
    right, bottom = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    if left < right and top < bottom:
        image[top:bottom, left:right] = STYLES[style](image[top:bottom, left:right])
