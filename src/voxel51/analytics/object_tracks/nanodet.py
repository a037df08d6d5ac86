"""The detector: NanoDet-g (https://github.com/RangiLyu/nanodet) by ONNX Runtime. Weights: see NOTICE."""

from importlib import resources

import cv2
import numpy as np
from numpy.typing import NDArray

from voxel51.analytics.following.detections import Detections, Floats
from voxel51.analytics.sessions import session_of
from voxel51.labels.media.pictures import Pixels

WEIGHTS = "nanodet-g-416-fp16.onnx"
WEIGHTS_SHA256 = "d52107d23d83fe1284376d3a5468e7e38511c33ba7ac55bb14ec1173352b3814"

_SIDE = 416
_STRIDES = (8, 16, 32)
_CLASSES = 80
_BINS = 11  # the distance to each side is a distribution over 0 to 10 strides
_MEAN = np.array([103.53, 116.28, 123.675], np.float32)
_DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)
_MOST_CANDIDATES = 300


class NanoDet:
    """Finds things of the 80 COCO classes in pictures of any size, one picture a call."""

    def __init__(self) -> None:
        self._session = session_of(resources.files(__package__).joinpath(WEIGHTS).read_bytes())
        self._input = self._session.get_inputs()[0].name

    @staticmethod
    def fitting(size: tuple[int, int]) -> tuple[int, int]:
        """Width and height to which a picture of ``size`` is best shrunk before it is given to `detect`."""
        scale = min(_SIDE / size[0], _SIDE / size[1])
        return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))

    def detect(self, image: Pixels, least_score: float) -> Detections:
        """What is in ``image`` (BGR, uint8 [H, W, 3]) with a score of at least ``least_score``, best first."""
        picture, scale, left, top = _letterboxed(image)
        blob = ((picture.astype(np.float32) - _MEAN) / _DEVIATION).transpose(2, 0, 1)[None]
        grids = self._session.run(None, {self._input: np.ascontiguousarray(blob)})
        found = _decoded(grids, least_score)
        height, width = image.shape[:2]
        boxes = (found.boxes - np.array([left, top, left, top], np.float32)) / scale
        limits = np.array([width, height, width, height], np.float32)
        return Detections(np.clip(boxes, 0, limits), found.scores, found.classes).without_repeats()


def _letterboxed(image: Pixels) -> tuple[Pixels, float, int, int]:
    """``image`` shrunk to fit the detector's square, its scale, and the margins left and above.

    Stretching it instead makes wide pictures' people too thin to be found. The margin's colour is the mean, which
    the detector sees as nothing.
    """
    height, width = image.shape[:2]
    scale = min(_SIDE / width, _SIDE / height)
    size = NanoDet.fitting((width, height))
    square = np.empty((_SIDE, _SIDE, 3), np.uint8)
    square[:] = np.round(_MEAN).astype(np.uint8)
    left, top = (_SIDE - size[0]) // 2, (_SIDE - size[1]) // 2
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=method)
    return square, scale, left, top


def _decoded(grids: list[Floats], least_score: float) -> Detections:
    """The candidates in the three output grids, each float32 [1, 124, S, S], in pixels of the square."""
    by_side = {grid.shape[-1]: grid[0].reshape(grid.shape[1], -1) for grid in grids}
    pieces = [_decoded_grid(by_side[_SIDE // stride], stride, least_score) for stride in _STRIDES]
    boxes, scores, classes = (np.concatenate(each) for each in zip(*pieces, strict=True))
    best = np.argsort(-scores, kind="stable")[:_MOST_CANDIDATES]
    return Detections(boxes[best], scores[best], classes[best])


def _decoded_grid(grid: Floats, stride: int, least_score: float) -> tuple[Floats, Floats, NDArray[np.int64]]:
    logits = grid[:_CLASSES]
    least_logit = np.log(least_score / (1 - least_score))
    classes, cells = np.nonzero(logits >= least_logit)
    scores = 1 / (1 + np.exp(-logits[classes, cells]))
    bins = grid[_CLASSES:, cells].reshape(4, _BINS, -1)
    weights = np.exp(bins - bins.max(axis=1, keepdims=True))
    places = np.arange(_BINS, dtype=np.float32)[None, :, None]
    distances = (weights * places).sum(axis=1) / weights.sum(axis=1) * stride
    row, column = np.divmod(cells, _SIDE // stride)
    x, y = (column + 0.5) * stride - 0.5, (row + 0.5) * stride - 0.5
    boxes = np.stack([x - distances[0], y - distances[1], x + distances[2], y + distances[3]], axis=1)
    return boxes.astype(np.float32), scores.astype(np.float32), classes.astype(np.int64)
