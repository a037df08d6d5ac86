"""The detector: CenterFace (https://github.com/Star-Clouds/CenterFace) by ONNX Runtime. Weights: see NOTICE.

Y. Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", Scientific Programming, 2020.
"""

from typing import Any

import cv2
import numpy as np

from voxel51.analytics.detectors.detections import Detections, Floats
from voxel51.analytics.sessions import create_session
from voxel51.labels.media.frame import Pixels
from voxel51.platform.weights import InstalledWeights

WEIGHTS = InstalledWeights(
    package="voxel51.analytics.face_detection",
    filename="centerface.onnx",
    sha256="5f9d0c07eee7d7daef429829ae7ad720f1662b21b18bc7fb8f6247de66fb34fe",
)

_STRIDE = 4
_SIDE_MULTIPLE = 32
_SAME_FACE_OVERLAP = 0.3
_MOST_CANDIDATES = 300


class CenterFace:
    """Finds faces in pictures of any size, one picture a call."""

    def __init__(self) -> None:
        self._session = create_session(WEIGHTS.read())
        self._input = self._session.get_inputs()[0].name

    @staticmethod
    def fitting(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
        """Width and height to which a picture of ``size`` is best made before it is given to `detect`: the longer one
        near ``longest_side``, never enlarged beyond twice, and both what the network takes.
        """
        scale = min(longest_side / max(size), 2.0)
        width, height = (max(_SIDE_MULTIPLE, round(side * scale / _SIDE_MULTIPLE) * _SIDE_MULTIPLE) for side in size)
        return width, height

    def detect(self, image: Pixels, least_score: float) -> Detections:
        """The faces in ``image`` (BGR, uint8 [H, W, 3], both sides multiples of 32) with a score of at least
        ``least_score``, best first.
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


def _boxes(rows: Any, columns: Any, scales: Floats, offsets: Floats) -> Floats:
    """Boxes [N, 4] around the cells whose centres are faces; ``scales`` and ``offsets`` are [2, H, W]: down, across."""
    height, width = (np.exp(scale[rows, columns]) * _STRIDE for scale in scales)
    y = (rows + offsets[0, rows, columns] + 0.5) * _STRIDE
    x = (columns + offsets[1, rows, columns] + 0.5) * _STRIDE
    sides = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    return np.stack(sides, axis=1).astype(np.float32).reshape(-1, 4)
