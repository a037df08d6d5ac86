"""What every detector can do."""

from typing import Protocol

from voxel51.analytics.detectors.detections import Detections
from voxel51.labels.media.pictures import Pixels


class Detector(Protocol):
    """Finds things in pictures of any size, one picture a call.

    Attributes:
        class_count: how many kinds of things it tells apart.
    """

    class_count: int

    def fitting(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height to which a picture of ``size`` is best shrunk before it is given to `detect`."""

    def detect(self, image: Pixels, least_score: float) -> Detections:
        """What is in ``image`` (BGR, uint8 [H, W, 3]) with a score of at least ``least_score``, best first."""
