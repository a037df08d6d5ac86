"""Detection of moving objects by background subtraction.

The background is a mixture of Gaussians for each pixel (Z. Zivkovic and F. van der Heijden, "Efficient adaptive density
estimation per image pixel for the task of background subtraction", Pattern Recognition Letters, 2006; by OpenCV).
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from voxel51.labels.media.frame import Pixels
from voxel51.platform.tracking.detections import Detections

NAMES = ("moving object",)
LONGEST_SIDE = 480
"""Frames are shrunk to this size, in pixels: it removes noise and keeps objects that are worth tracking."""

LEARNING_FRAMES = 12
"""Number of frames after which the background model is usable."""

MOST_MOVING_SHARE = 0.5
"""If more than this share of the frame moves, the camera or the light has changed, and nothing is detected."""

ABSORBED_SECONDS = 20.0
"""Objects that stand still for this long become background."""

_BACKGROUND_SHARE = 0.5
"""Share of recent frames in which the background is visible. A share near 1, the default of OpenCV, would require a
learning rate too slow to follow changing light.
"""
_FOREGROUND = 255  # a shadow is 127
_JOIN_SHARE = 0.02  # maximum distance between parts of one object, as a share of the longer side
_COARSE = (48, 27)
_USUAL_RATE = 0.01
_OPEN = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


class MovingObjectDetector:
    """Detects moving objects in frames of ``frame_size`` that come in order.

    Attributes:
        names, picture_size, remembers: see `voxel51.analytics.tracking.look_analysis.FrameDetector`.
    """

    names: Sequence[str] = NAMES
    remembers = True  # and OpenCV does not tell what

    def __init__(self, frame_size: tuple[int, int], rate: float, sensitivity: float, least_share: float) -> None:
        """Prepare for ``rate`` frames per second.

        A ``sensitivity`` above 1 detects fainter objects, below 1 only clearer ones. Objects smaller than
        ``least_share`` of the frame are ignored.
        """
        self._learning_rate = 1 - _BACKGROUND_SHARE ** (1 / max(ABSORBED_SECONDS * rate, 1))
        scale = min(1.0, LONGEST_SIDE / max(frame_size))
        self.picture_size = max(1, round(frame_size[0] * scale)), max(1, round(frame_size[1] * scale))
        self._threshold = 16 / sensitivity
        self._least_area = least_share * self.picture_size[0] * self.picture_size[1]
        reach = max(3, round(max(self.picture_size) * _JOIN_SHARE))
        self._join = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        self.start_shot()

    def start_shot(self) -> None:
        """Learn a new background from the next frame on."""
        self._background = cv2.createBackgroundSubtractorMOG2(varThreshold=self._threshold)
        self._background.setBackgroundRatio(_BACKGROUND_SHARE)
        self._seen = 0
        self._usual: Any = None

    def find(self, picture: Pixels) -> Detections:
        """Return the moving objects in a frame of ``picture_size``; the score is the share of the box that the object
        fills.
        """
        self._seen += 1
        rate = 1 / self._seen if self._seen <= LEARNING_FRAMES else self._learning_rate
        mask = self._background.apply(self._with_constant_exposure(picture), learningRate=rate)
        moving: Any = (mask == _FOREGROUND).astype(np.uint8)
        if self._seen <= LEARNING_FRAMES or moving.mean() > MOST_MOVING_SHARE:
            return _boxed(np.zeros((0, 5), np.int32))
        moving = cv2.morphologyEx(moving, cv2.MORPH_OPEN, _OPEN)
        moving = cv2.morphologyEx(moving, cv2.MORPH_CLOSE, self._join)
        _, _, components, _ = cv2.connectedComponentsWithStats(moving)
        components = np.asarray(components[1:], np.int32)  # the first component is the background
        return _boxed(components[components[:, cv2.CC_STAT_AREA] >= self._least_area])

    def _with_constant_exposure(self, picture: Pixels) -> Any:
        """Return ``picture`` with the exposure of earlier frames: cameras adjust it when the light changes.

        The median gain over a coarse grid is used, so that objects that enter do not affect it.
        """
        coarse = cv2.resize(picture, _COARSE, interpolation=cv2.INTER_AREA).astype(np.float32) + 1
        if self._usual is None:
            self._usual = coarse
        gains = np.median(self._usual / coarse, axis=(0, 1))
        self._usual = self._usual + np.float32(_USUAL_RATE) * (coarse * gains - self._usual)
        each_channel: Any = (*(float(gain) for gain in gains), 0.0)
        return cv2.multiply(picture, each_channel)


def _boxed(components: NDArray[np.int32]) -> Detections:
    """Return detections of ``components``: int [N, 5]: left, top, width, height and area, in pixels."""
    left, top, width, height, area = (components[:, column].astype(np.float32) for column in range(5))
    boxes = np.stack([left, top, left + width, top + height], axis=1)
    filled = np.clip(area / np.maximum(width * height, 1), 0, 1)
    return Detections(boxes, filled.astype(np.float32), np.zeros(len(components), np.int64))
