"""Quality measures of one frame, computed on the brightness of a small image."""

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from voxel51.labels.media.frame import Frame, Pixels, resized

PICTURE_SIZE = (320, 180)
"""Width and height at which frames are measured: the same for every video, so that figures are comparable."""

_BLACK, _WHITE = 16, 235  # limited range of video


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of one frame.

    Attributes:
        brightness: mean, 0 (black) to 255 (white).
        sharpness: variance of the Laplacian, which responds to local contrast.
        change: mean difference from the previous frame, 0 to 255; None for the first one.
    """

    brightness: float
    sharpness: float
    change: float | None


class Meter:
    """Measures consecutive frames; it keeps one."""

    def __init__(self) -> None:
        self._before: Pixels | None = None

    def measure(self, frame: Frame) -> Measures:
        """Return the measures of ``frame``, and its change since the previous call."""
        small = resized(frame.luma(), *PICTURE_SIZE)
        picture = cast("Pixels", small if frame.has_full_range else cv2.LUT(small, _FULL_RANGE))
        _, deviation = cv2.meanStdDev(cv2.Laplacian(picture, cv2.CV_16S))
        change = None if self._before is None else cv2.norm(picture, self._before, cv2.NORM_L1) / picture.size
        self._before = picture
        return Measures(
            brightness=float(cv2.mean(picture)[0]),
            sharpness=float(deviation[0, 0]) ** 2,
            change=None if change is None else float(change),
        )


_FULL_RANGE = np.clip(np.round((np.arange(256) - _BLACK) * (255 / (_WHITE - _BLACK))), 0, 255).astype(np.uint8)
