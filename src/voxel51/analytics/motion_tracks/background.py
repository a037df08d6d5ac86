"""What moves: all that differs from the background that was learnt so far.

The background is a mixture of Gaussians for each pixel (Z. Zivkovic and F. van der Heijden, "Efficient adaptive density
estimation per image pixel for the task of background subtraction", Pattern Recognition Letters, 2006; by OpenCV).
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from voxel51.analytics.detectors.detections import Detections
from voxel51.labels.media.frame import Frame, Pixels

NAMES = ("moving object",)
LONGEST_SIDE = 480
"""Frames are shrunk to this: noise goes away, and what is worth following stays."""

LEARNING_FRAMES = 12
"""After so many frames there is a background to differ from."""

MOST_MOVING_SHARE = 0.5
"""When more than this part of the picture moves, the camera or the light does, and nothing is found."""

ABSORBED_SECONDS = 20.0
"""What stands still for so long is background."""

_BACKGROUND_SHARE = 0.5
"""What is seen in more than this part of the frames of late is background. A share near 1, as OpenCV has it, would need
learning so slow that light which changes is not followed."""
_FOREGROUND = 255  # a shadow is 127
_JOIN_SHARE = 0.02  # of the longer side: parts of one thing are this near to each other
_COARSE = (48, 27)
_USUAL_RATE = 0.01
_OPEN = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


class MovingObjectDetector:
    """Finds what moves, in frames of ``frame_size`` that come in order.

    Attributes:
        names, picture_size: see `FrameDetector`.
    """

    names: Sequence[str] = NAMES

    def __init__(self, frame_size: tuple[int, int], rate: float, sensitivity: float, least_share: float) -> None:
        """``rate`` frames a second are looked at. ``sensitivity`` above 1 finds fainter things, below 1 plainer ones;
        things smaller than ``least_share`` of the picture are left out.
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

    def find(self, frame: Frame) -> Detections:
        """What moves in ``frame``; the score of a thing is how much of its box it fills."""
        self._seen += 1
        rate = 1 / self._seen if self._seen <= LEARNING_FRAMES else self._learning_rate
        mask = self._background.apply(self._evened(frame.small(*self.picture_size)), learningRate=rate)
        moving: Any = (mask == _FOREGROUND).astype(np.uint8)
        if self._seen <= LEARNING_FRAMES or moving.mean() > MOST_MOVING_SHARE:
            return _boxed(np.zeros((0, 5), np.int32))
        moving = cv2.morphologyEx(moving, cv2.MORPH_OPEN, _OPEN)
        moving = cv2.morphologyEx(moving, cv2.MORPH_CLOSE, self._join)
        _, _, things, _ = cv2.connectedComponentsWithStats(moving)
        things = np.asarray(things[1:], np.int32)  # the first is what does not move
        return _boxed(things[things[:, cv2.CC_STAT_AREA] >= self._least_area])

    def _evened(self, picture: Pixels) -> Any:
        """``picture`` as bright as those before it: cameras choose their exposure anew when the sun comes out.

        What most parts of it have in common counts, so things that come in do not.
        """
        coarse = cv2.resize(picture, _COARSE, interpolation=cv2.INTER_AREA).astype(np.float32) + 1
        if self._usual is None:
            self._usual = coarse
        gains = np.median(self._usual / coarse, axis=(0, 1))
        self._usual = self._usual + np.float32(_USUAL_RATE) * (coarse * gains - self._usual)
        each_channel: Any = (*(float(gain) for gain in gains), 0.0)
        return cv2.multiply(picture, each_channel)


def _boxed(things: Any) -> Detections:
    """``things``: int [N, 5]: left, top, width, height and area, all in pixels."""
    left, top, width, height, area = (things[:, column].astype(np.float32) for column in range(5))
    boxes = np.stack([left, top, left + width, top + height], axis=1)
    filled = np.clip(area / np.maximum(width * height, 1), 0, 1)
    return Detections(boxes, filled.astype(np.float32), np.zeros(len(things), np.int64))
