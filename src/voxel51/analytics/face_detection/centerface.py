"""CenterFace detector (https://github.com/Star-Clouds/CenterFace) on ONNX Runtime. Weights: see NOTICE.

Y. Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", Scientific Programming, 2020.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from voxel51.analytics.sessions import create_session
from voxel51.labels.media.frame import Pixels
from voxel51.platform.tracking.detections import Detections, Floats
from voxel51.platform.weights import InstalledWeights

WEIGHTS = InstalledWeights(
    package="voxel51.analytics.face_detection",
    filename="centerface.onnx",
    sha256="5f9d0c07eee7d7daef429829ae7ad720f1662b21b18bc7fb8f6247de66fb34fe",
)

Positions = NDArray[np.int64]
"""Positions of cells along one axis: [N]."""

_STRIDE = 4
_SIDE_MULTIPLE = 32
_SAME_FACE_OVERLAP = 0.3
_MOST_CANDIDATES = 300


class CenterFace:
    """Face detector for images of any size, one image per call."""

    def __init__(self) -> None:
        self._session = create_session(WEIGHTS.read())
        self._input = self._session.get_inputs()[0].name

    @staticmethod
    def fitting(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
        """Return the width and height to which an image of ``size`` should be resized before `detect`.

        The longer side is near ``longest_side``, never more than doubled, and both are multiples of 32, as the network
        requires.
        """
        scale = min(longest_side / max(size), 2.0)
        width, height = (max(_SIDE_MULTIPLE, round(side * scale / _SIDE_MULTIPLE) * _SIDE_MULTIPLE) for side in size)
        return width, height

    def detect(self, image: Pixels, least_score: float) -> Detections:
        """Return the faces in ``image`` with a score of at least ``least_score``, best first.

        ``image`` is BGR, uint8 [H, W, 3], both sides multiples of 32.
        """
        blob = cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.float32).transpose(2, 0, 1)[None]
        heat, scales, offsets, _ = self._session.run(None, {self._input: np.ascontiguousarray(blob)})
        rows, columns = np.nonzero(heat[0, 0] >= least_score)
        scores = heat[0, 0, rows, columns]
        best = np.argsort(-scores, kind="stable")[:_MOST_CANDIDATES]
        rows, columns, scores = rows[best], columns[best], scores[best]
        boxes = _boxes(rows, columns, scales[0], offsets[0])
        height, width = image.shape[:2]
        boxes = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
        found = Detections(boxes, scores.astype(np.float32), np.zeros(len(scores), np.int64))
        return found.without_repeats(_SAME_FACE_OVERLAP)


def _boxes(rows: Positions, columns: Positions, scales: Floats, offsets: Floats) -> Floats:
    """Return boxes [N, 4] around the cells that are centres of faces; ``scales`` and ``offsets`` are [2, H, W]: y,
    x.
    """
    height, width = (np.exp(scale[rows, columns]) * _STRIDE for scale in scales)
    y = (rows + offsets[0, rows, columns] + 0.5) * _STRIDE
    x = (columns + offsets[1, rows, columns] + 0.5) * _STRIDE
    sides = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    return np.stack(sides, axis=1).astype(np.float32).reshape(-1, 4)
