"""YOLO without anchors (YOLOv8 and later): one output [1, 4 + classes, cells] with decoded boxes."""

import numpy as np

from voxel51.analytics.detectors.letterbox import batch_of, covering, fitted, letterboxed
from voxel51.analytics.sessions import Network
from voxel51.labels.media.frame import Pixels
from voxel51.platform.tracking.detections import Detections

_MARGIN = (114, 114, 114)
_STRIDE = 32
_MOST_CANDIDATES = 300


class Yolo:
    """Detector for images of any size; see `Detector`."""

    def __init__(self, network: Network, longest_side: int, class_count: int) -> None:
        self.class_count = class_count
        self._network = network
        self._longest_side = longest_side

    def fitting(self, size: tuple[int, int]) -> tuple[int, int]:
        """See `Detector`."""
        return fitted(size, self._network.size or (self._longest_side, self._longest_side))

    def detect(self, image: Pixels, least_score: float) -> Detections:
        """See `Detector`."""
        into = self._network.size or covering(self.fitting((image.shape[1], image.shape[0])), _STRIDE)
        box = letterboxed(image, into, _MARGIN, centred=True)
        [output] = self._network.run(batch_of(box.picture[:, :, ::-1]) / 255)[:1]
        rows = output[0].T
        cells, classes = np.nonzero(rows[:, 4:] >= least_score)
        found = rows[cells, 4 + classes]
        best = np.argsort(-found, kind="stable")[:_MOST_CANDIDATES]
        centres, sides = rows[cells[best], :2], rows[cells[best], 2:4]
        boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1).astype(np.float32)
        return Detections(
            box.original(boxes), found[best].astype(np.float32), classes[best].astype(np.int64)
        ).without_repeats()
