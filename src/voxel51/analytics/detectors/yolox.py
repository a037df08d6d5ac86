"""YOLOX (https://github.com/Megvii-BaseDetection/YOLOX), as exported by its own exporter."""

import numpy as np

from voxel51.analytics.detectors.letterbox import batch_of, covering, fitted, letterboxed
from voxel51.analytics.sessions import Network
from voxel51.labels.media.frame import Pixels
from voxel51.platform.tracking.detections import Detections, Floats

STRIDES = (8, 16, 32)
_MARGIN = (114, 114, 114)
_MOST_CANDIDATES = 300


class YoloX:
    """Detector for images of any size; see `Detector`. Its output is [1, cells, 5 + classes] with encoded boxes."""

    def __init__(self, network: Network, longest_side: int, class_count: int) -> None:
        self.class_count = class_count
        self._network = network
        self._longest_side = longest_side

    def fitting(self, size: tuple[int, int]) -> tuple[int, int]:
        """See `Detector`."""
        return fitted(size, self._network.size or (self._longest_side, self._longest_side))

    def detect(self, image: Pixels, least_score: float) -> Detections:
        """See `Detector`."""
        into = self._network.size or covering(self.fitting((image.shape[1], image.shape[0])), STRIDES[-1])
        box = letterboxed(image, into, _MARGIN, centred=False)
        [output] = self._network.run(batch_of(box.picture))[:1]
        rows = output[0]
        scores = rows[:, 4:5] * rows[:, 5:]
        cells, classes = np.nonzero(scores >= least_score)
        found = scores[cells, classes]
        best = np.argsort(-found, kind="stable")[:_MOST_CANDIDATES]
        boxes = _boxes(rows[:, :4], into)[cells[best]]
        return Detections(
            box.original(boxes), found[best].astype(np.float32), classes[best].astype(np.int64)
        ).without_repeats()


def _boxes(raw: Floats, size: tuple[int, int]) -> Floats:
    """Return the box [N, 4] of every cell, decoded from the offset of its centre and the logarithms of its sides, in
    strides.
    """
    places, strides = [], []
    for stride in STRIDES:
        width, height = size[0] // stride, size[1] // stride
        rows, columns = np.divmod(np.arange(width * height), width)
        places.append(np.stack([columns, rows], axis=1))
        strides.append(np.full((width * height, 1), stride))
    stride_of = np.concatenate(strides).astype(np.float32)
    centres = (raw[:, :2] + np.concatenate(places)) * stride_of
    sides = np.exp(np.minimum(raw[:, 2:], 20)) * stride_of
    return np.concatenate([centres - sides / 2, centres + sides / 2], axis=1).astype(np.float32)
