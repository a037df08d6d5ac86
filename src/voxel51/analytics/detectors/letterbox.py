"""Letterboxing: fit images into the input of a network without distortion, with sides that are multiples of its
stride.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from voxel51.labels.media.frame import Pixels
from voxel51.platform.tracking.detections import Floats

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Image inside a larger one: BGR, uint8 [H, W, 3].

    Attributes:
        scale: pixels of the inner image per pixel of the original.
        left, top: position of the inner image.
        size: size of the original.
    """

    picture: Pixels
    scale: float
    left: int
    top: int
    size: Size

    def original(self, boxes: Floats) -> Floats:
        """Return boxes [N, 4] of the larger image as boxes of the original, clipped to it."""
        offset = np.array([self.left, self.top, self.left, self.top], np.float32)
        limits = np.array([*self.size, *self.size], np.float32)
        return np.asarray(np.clip((boxes - offset) / self.scale, 0, limits), np.float32)


def fitted(size: Size, into: Size) -> Size:
    """Return the largest size with the proportions of ``size`` that fits ``into`` another one."""
    scale = min(into[0] / size[0], into[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def covering(size: Size, multiple: int) -> Size:
    """Return the smallest size whose sides are multiples of ``multiple`` and that contains ``size``."""
    return -(-size[0] // multiple) * multiple, -(-size[1] // multiple) * multiple


def letterboxed(image: Pixels, into: Size, colour: tuple[int, int, int], *, centred: bool) -> Letterbox:
    """Return ``image`` inside an image of the size ``into`` with margins of ``colour`` (blue, green, red).

    Stretching it instead makes people in wide images too thin to be detected.
    """
    height, width = image.shape[:2]
    inner = fitted((width, height), into)
    scale = min(into[0] / width, into[1] / height)
    across, down = into[0] - inner[0], into[1] - inner[1]
    left, top = (across // 2, down // 2) if centred else (0, 0)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = image if inner == (width, height) else cv2.resize(image, inner, interpolation=method)
    picture = cv2.copyMakeBorder(resized, top, down - top, left, across - left, cv2.BORDER_CONSTANT, value=colour)
    return Letterbox(np.asarray(picture, np.uint8), scale, left, top, (width, height))


def batch_of(picture: NDArray[np.generic]) -> Floats:
    """Return an image [H, W, 3] of any number type as a batch: float32 [1, 3, H, W]."""
    return np.ascontiguousarray(picture.astype(np.float32).transpose(2, 0, 1)[None])
