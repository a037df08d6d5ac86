"""NanoDet, NanoDet-Plus (https://github.com/RangiLyu/nanodet) and PicoDet (https://github.com/PaddlePaddle/PaddleDetection).

The three share inputs and outputs. They differ in the point from which a cell measures the sides of its box, so a file
decoded as the wrong variant gives boxes that are shifted by up to half a stride: 32 pixels for the largest objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voxel51.analytics.detectors.letterbox import Letterbox, covering, fitted, letterboxed
from voxel51.analytics.sessions import Network
from voxel51.labels.media.frame import Pixels
from voxel51.platform.tracking.detections import Detections, Floats

_MEAN = np.array([103.53, 116.28, 123.675], np.float32)
_DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)
MARGIN = (104, 116, 124)
"""Colour of margins: the mean, which the detector sees as nothing."""

STRIDE = 32
"""Sides of the network's input are multiples of it."""

_MOST_CANDIDATES = 300
_FIRST_STRIDE = 8
_MOST_STRIDES = 4


@dataclass(frozen=True, slots=True)
class Variant:
    """Variant of the family.

    Attributes:
        cell_centre: position of the reference point of cell ``i``, in strides after ``i``.
        shift: added to that point, in pixels of the network's input.
        same_class_overlap: boxes of one class that overlap more than this (IoU) are one object.
    """

    cell_centre: float
    shift: float
    same_class_overlap: float


VARIANTS = {
    "nanodet": Variant(cell_centre=0.5, shift=-0.5, same_class_overlap=0.6),
    "nanodet-plus": Variant(cell_centre=0.0, shift=0.0, same_class_overlap=0.6),
    # PicoDet repeats itself: on a photograph of a bus it reports a second bus that overlaps the first by 0.55.
    "picodet": Variant(cell_centre=0.5, shift=0.0, same_class_overlap=0.5),
}

CELL_CENTRE = "cell_centre"
"""Metadata of a model that names its reference points. The outputs of NanoDet-Plus and PicoDet have the same shapes."""


def variant_of(cell_count: int, size: tuple[int, int], metadata: dict[str, str]) -> str | None:
    """Return the name of the variant with ``cell_count`` cells for an image of ``size``; None if no variant matches.

    NanoDet has three strides, the others have four. PicoDet is recognized by its metadata only.
    """
    strides = strides_of(size, cell_count)
    said = metadata.get(CELL_CENTRE, "").replace(" ", "").replace("\u00d7", "*")
    if len(strides) == _MOST_STRIDES:
        return "picodet" if said == "(i+0.5)*stride" else "nanodet-plus"
    if len(strides) == _MOST_STRIDES - 1:
        return "nanodet-plus" if said == "i*stride" else "nanodet"
    return None


def strides_of(size: tuple[int, int], cell_count: int) -> Sequence[int]:
    """Return the strides, from 8 on, whose grids have ``cell_count`` cells together; empty if none do."""
    strides: list[int] = []
    missing = cell_count
    while missing > 0 and len(strides) < _MOST_STRIDES:
        strides.append(_FIRST_STRIDE << len(strides))
        columns, rows = _grid(size, strides[-1])
        missing -= columns * rows
    return strides if missing == 0 else ()


class NanoDet:
    """Detector for images of any size.

    Each side of a box is a distribution over distances from the reference point of a cell, 0 to ``bins - 1`` strides.

    Attributes:
        class_count: see `Detector`.
    """

    def __init__(
        self, network: Network, variant: Variant, longest_side: int, class_count: int, bins: int, *, is_raw: bool
    ) -> None:
        """Use images of up to ``longest_side`` pixels, unless the network has a fixed input size.

        With ``is_raw`` its scores are logits.
        """
        self.class_count = class_count
        self._network = network
        self._variant = variant
        self._longest_side = longest_side
        self._bins = bins
        self._is_raw = is_raw

    def fitting(self, size: tuple[int, int]) -> tuple[int, int]:
        """See `Detector`."""
        return fitted(size, self._network.size or (self._longest_side, self._longest_side))

    def detect(self, image: Pixels, least_score: float) -> Detections:
        """See `Detector`."""
        into = self._network.size or covering(self.fitting((image.shape[1], image.shape[0])), STRIDE)
        box = letterboxed(image, into, MARGIN, centred=True)
        grids = self._network.run(normalised_batch(box))
        found = self._decoded(_rows(grids), into, least_score)
        return Detections(box.original(found.boxes), found.scores, found.classes).without_repeats(
            self._variant.same_class_overlap
        )

    def _decoded(self, rows: Floats, size: tuple[int, int], least_score: float) -> Detections:
        """Return the candidates in rows [cells of all strides, classes + 4 bins], in pixels of the network's input."""
        scores = rows[:, : self.class_count]
        least = np.log(least_score / (1 - least_score)) if self._is_raw else least_score
        cells, classes = np.nonzero(scores >= least)
        found = scores[cells, classes]
        if self._is_raw:
            found = np.asarray(1 / (1 + np.exp(-found)), np.float32)
        best = np.argsort(-found, kind="stable")[:_MOST_CANDIDATES]
        cells, classes, found = cells[best], classes[best], found[best]
        centres, strides = _centres(size, len(rows), self._variant)
        distances = self._distances(rows[cells, self.class_count :]) * strides[cells, None]
        x, y = centres[cells].T
        boxes = np.stack([x - distances[:, 0], y - distances[:, 1], x + distances[:, 2], y + distances[:, 3]], axis=1)
        return Detections(boxes.astype(np.float32), found.astype(np.float32), classes.astype(np.int64))

    def _distances(self, logits: Floats) -> Floats:
        """Return the mean of each distribution [N, 4 bins] -> [N, 4]: left, top, right, bottom, in strides."""
        bins = logits.reshape(-1, 4, self._bins)
        weights = np.exp(bins - bins.max(axis=2, keepdims=True))
        places = np.arange(self._bins, dtype=np.float32)
        return np.asarray((weights * places).sum(axis=2) / weights.sum(axis=2), np.float32)


def normalised_batch(box: Letterbox) -> Floats:
    """Return the image as the network takes it: float32 [1, 3, H, W], with a mean of 0 and a deviation of 1."""
    height, width, channels = box.picture.shape
    batch = np.empty((1, channels, height, width), np.float32)
    for channel, (mean, deviation) in enumerate(zip(_MEAN, _DEVIATION, strict=True)):
        plane = batch[0, channel]
        np.subtract(box.picture[:, :, channel], mean, out=plane, dtype=np.float32)
        plane /= deviation
    return batch


def _rows(outputs: list[Floats]) -> Floats:
    """Return the cells of all grids as rows. Grids are [1, D, H, W], or all in one [1, N, D]."""
    if outputs[0].ndim == 3:
        rows: Floats = outputs[0][0]
        return rows
    grids = sorted((output[0] for output in outputs), key=lambda grid: -grid.shape[1])
    return np.concatenate([grid.reshape(len(grid), -1).T for grid in grids])


def _centres(size: tuple[int, int], count: int, variant: Variant) -> tuple[Floats, Floats]:
    """Return the reference point of each of ``count`` cells [N, 2], and its stride [N]."""
    centres: list[Floats] = []
    strides: list[Floats] = []
    for stride in strides_of(size, count):
        width, height = _grid(size, stride)
        rows, columns = np.divmod(np.arange(width * height), width)
        cells = np.stack([columns, rows], axis=1)
        centres.append(((cells + variant.cell_centre) * stride + variant.shift).astype(np.float32))
        strides.append(np.full(width * height, stride, np.float32))
    return np.concatenate(centres), np.concatenate(strides)


def _grid(size: tuple[int, int], stride: int) -> tuple[int, int]:
    """Return the number of columns and rows of cells."""
    return -(-size[0] // stride), -(-size[1] // stride)
