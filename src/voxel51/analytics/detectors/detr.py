"""DETR family (Deformable DETR, RT-DETR, D-FINE, RF-DETR): a set of boxes, each with a score for every class."""

import numpy as np

from voxel51.analytics.detectors.letterbox import batch_of
from voxel51.analytics.sessions import Network
from voxel51.labels.media.frame import Pixels, resized
from voxel51.platform.tracking.detections import Detections, Floats

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class Detr:
    """Detector that stretches images to the size of the network; see `Detector`.

    Outputs are boxes [1, N, 4] (centre and sides, in relative coordinates) and logits [1, N, classes]. If there is one
    class more than names, the last one means that a box is empty.
    """

    def __init__(
        self, network: Network, longest_side: int, class_count: int, *, has_nothing_class: bool, is_normalised: bool
    ) -> None:
        self.class_count = class_count
        self._network = network
        self._side = longest_side
        self._has_nothing_class = has_nothing_class
        self._is_normalised = is_normalised

    def fitting(self, _size: tuple[int, int]) -> tuple[int, int]:
        """See `Detector`."""
        return self._network.size or (self._side, self._side)

    def detect(self, image: Pixels, least_score: float) -> Detections:
        """See `Detector`."""
        height, width = image.shape[:2]
        picture = resized(image, *self.fitting((width, height)))[:, :, ::-1].astype(np.float32) / 255
        if self._is_normalised:
            picture = (picture - _MEAN) / _DEVIATION
        boxes, logits = boxes_and_logits(self._network.run(batch_of(picture)))
        scores = _softmax(logits)[:, :-1] if self._has_nothing_class else 1 / (1 + np.exp(-logits))
        rows, classes = np.nonzero(scores >= least_score)
        found = scores[rows, classes]
        best = np.argsort(-found, kind="stable")
        centres, sides = boxes[rows[best], :2], boxes[rows[best], 2:]
        corners = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)
        shown = np.clip(corners, 0, 1) * np.array([width, height, width, height], np.float32)
        return Detections(
            shown.astype(np.float32), found[best].astype(np.float32), classes[best].astype(np.int64)
        ).without_repeats()


def boxes_and_logits(outputs: list[Floats]) -> tuple[Floats, Floats]:
    """Return the boxes [N, 4] and logits [N, classes] of a network's outputs.

    Raises:
        ValueError: the outputs have other shapes.
    """
    sets = [output[0] for output in outputs if output.ndim == 3]
    boxes = [each for each in sets if each.shape[1] == 4]
    logits = [each for each in sets if each.shape[1] != 4]
    if len(boxes) != 1 or len(logits) != 1 or len(boxes[0]) != len(logits[0]):
        raise ValueError("a DETR has two outputs: boxes [1, N, 4] and logits [1, N, classes]")
    return boxes[0], logits[0]


def _softmax(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares
