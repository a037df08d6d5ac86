"""Interface of detectors."""

from typing import Protocol

from voxel51.labels.media.frame import Pixels
from voxel51.platform.tracking.detections import Detections


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
