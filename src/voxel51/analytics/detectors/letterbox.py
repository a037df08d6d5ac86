"""Pictures as networks take them: shrunk without being stretched, sides a multiple of the network's stride."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from voxel51.analytics.detectors.detections import Floats
from voxel51.labels.media.frame import Pixels

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True, slots=True)
class Letterbox:
    """A picture within a larger one: BGR, uint8 [H, W, 3].

    Attributes:
        scale: pixels of it for one of the original.
        left, top: where it begins.
        size: of the original.
    """

    picture: Pixels
    scale: float
    left: int
    top: int
    size: Size

    def original(self, boxes: Floats) -> Floats:
        """Boxes [N, 4] in the larger picture, as boxes in the original, clipped to it."""
        offset = np.array([self.left, self.top, self.left, self.top], np.float32)
        limits = np.array([*self.size, *self.size], np.float32)
        return np.asarray(np.clip((boxes - offset) / self.scale, 0, limits), np.float32)


def fitted(size: Size, into: Size) -> Size:
    """A picture of ``size`` as large as fits ``into`` another one."""
    scale = min(into[0] / size[0], into[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def covering(size: Size, multiple: int) -> Size:
    """The smallest size with sides that are multiples, in which a picture of ``size`` fits."""
    return -(-size[0] // multiple) * multiple, -(-size[1] // multiple) * multiple


def letterboxed(image: Pixels, into: Size, colour: tuple[int, int, int], *, centred: bool) -> Letterbox:
    """``image`` in a picture of the size ``into``, the rest of which has ``colour`` (blue, green, red).

    Stretching it instead makes people in wide pictures too thin to be found.
    """
    height, width = image.shape[:2]
    inner = fitted((width, height), into)
    scale = min(into[0] / width, into[1] / height)
    picture = np.empty((into[1], into[0], 3), np.uint8)
    picture[:] = colour
    left, top = ((into[0] - inner[0]) // 2, (into[1] - inner[1]) // 2) if centred else (0, 0)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    fits = inner == (width, height)
    picture[top : top + inner[1], left : left + inner[0]] = (
        image if fits else cv2.resize(image, inner, interpolation=method)
    )
    return Letterbox(picture, scale, left, top, (width, height))


def batch_of(picture: Any) -> Floats:
    """One picture [H, W, 3], of any kind of numbers, as a batch: float32 [1, 3, H, W]."""
    return np.ascontiguousarray(picture.astype(np.float32).transpose(2, 0, 1)[None])
