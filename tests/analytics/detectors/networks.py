"""Small networks for tests: each detects bright squares, with the inputs and outputs of one family of detectors.

The score of a cell is the brightness of the image in it, and its box is the cell itself. A bright square that covers a
cell is found at its position only if image, margins, scale and boxes are all interpreted as the family defines them.
"""

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

STEEPNESS = 20.0
"""A cell of brightness b (0 to 1) has the logit STEEPNESS * (b - 0.5)."""


class Graph:
    """Builder of an ONNX model."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: object, kind: type = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def model(
        self,
        outputs: Sequence[str],
        size: Sequence[int | str],
        names: str | None = None,
        *,
        cell_centre: str | None = None,
    ) -> bytes:
        picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, *size])
        given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "g", [picture], given, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        metadata = {"names": names, "cell_centre": cell_centre}
        helper.set_model_props(model, {name: value for name, value in metadata.items() if value is not None})
        content: bytes = model.SerializeToString()
        return content

    def brightness(self, stride: int, scale: float, offset: float = 0.0) -> str:
        """Return the brightness of each cell, 0 to 1: [1, 1, h, w]. A pixel is ``scale`` times it plus ``offset``."""
        mean = self.add("ReduceMean", "images", axes=[1], keepdims=1)
        pooled = self.add("AveragePool", mean, kernel_shape=[stride, stride], strides=[stride, stride])
        moved = self.add("Sub", pooled, self.constant(offset))
        return self.add("Div", moved, self.constant(scale))

    def logits(self, brightness: str) -> str:
        centred = self.add("Sub", brightness, self.constant(0.5))
        return self.add("Mul", centred, self.constant(STEEPNESS))

    def rows(self, grid: str) -> str:
        """Reshape [1, D, h, w] to [1, h w, D]."""
        flat = self.add("Reshape", grid, self.constant([0, 0, -1], np.int64))
        return self.add("Transpose", flat, perm=[0, 2, 1])

    def filled(self, like: str, values: Sequence[float]) -> str:
        """Return constants of shape [1, len(values), h, w], with ``like``'s [1, 1, h, w]."""
        zeros = self.add("Mul", like, self.constant(0.0))
        return self.add("Add", zeros, self.constant(np.reshape(values, (1, -1, 1, 1))))


def yolox(classes: int = 2, size: Sequence[int | str] = (256, 256)) -> bytes:
    """Return a YOLOX model: class 1 in bright cells, no other class; boxes in the middle of cells, one stride wide."""
    graph, rows = Graph(), []
    for stride in (8, 16, 32):
        bright = graph.brightness(stride, 255.0)
        score = graph.add("Sigmoid", graph.logits(bright))
        box = graph.filled(bright, [0.5, 0.5, 0.0, 0.0])
        of_class = graph.filled(bright, [1.0 if each == 1 else 0.0 for each in range(classes)])
        rows.append(graph.rows(graph.add("Concat", box, score, of_class, axis=1)))
    return graph.model([graph.add("Concat", *rows, axis=1)], size)


def yolo(names: str | None = None, size: Sequence[int | str] = (256, 256)) -> bytes:
    """Return a YOLO model: decoded boxes, pixels 0 to 1. Its size is fixed: it contains the positions of cells."""
    graph, columns = Graph(), []
    for stride in (8, 16, 32):
        bright = graph.brightness(stride, 1.0)
        score = graph.add("Sigmoid", graph.logits(bright))
        height, width = (int(side) // stride for side in size)
        y, x = np.mgrid[:height, :width]
        centres = graph.constant(np.stack([(x + 0.5) * stride, (y + 0.5) * stride])[None])
        sides = graph.filled(bright, [stride, stride])
        grid = graph.add("Concat", centres, sides, graph.filled(bright, [0.0]), score, axis=1)
        columns.append(graph.add("Reshape", grid, graph.constant([0, 0, -1], np.int64)))
    return graph.model([graph.add("Concat", *columns, axis=2)], size, names)


def nanodet(
    variant: str = "nanodet-plus",
    bins: int = 8,
    classes: int = 2,
    size: Sequence[int | str] = (256, 256),
    *,
    grids: bool = False,
    metadata: str = "",
) -> bytes:
    """Return a NanoDet model: boxes in strides from the point that the variant uses for a cell, its middle or top left.

    In grids with logits, or in one output with scores. ``nanodet`` has three strides, the others four.
    """
    graph, outputs = Graph(), []
    half = [10.0, 10.0] + [-10.0] * (bins - 2)  # as likely 0 strides as 1
    none, one = [20.0] + [0.0] * (bins - 1), [0.0, 20.0] + [0.0] * (bins - 2)
    sides = (none + none + one + one) if variant == "nanodet-plus" else half * 4
    for stride in (8, 16, 32) if variant == "nanodet" else (8, 16, 32, 64):
        bright = graph.brightness(stride, 255 / 57.38, -116.28 / 57.12)
        logits = graph.logits(bright)
        score = logits if grids else graph.add("Sigmoid", logits)
        low = -20.0 if grids else 0.0
        others = graph.filled(bright, [low] * (classes - 2))
        parts = [graph.filled(bright, [low]), score, *([others] if classes > 2 else [])]
        grid = graph.add("Concat", *parts, graph.filled(bright, sides), axis=1)
        outputs.append(grid if grids else graph.rows(grid))
    given = outputs if grids else [graph.add("Concat", *outputs, axis=1)]
    return graph.model(given, size, cell_centre=metadata or None)


def detr(classes: int = 2, size: Sequence[int | str] = (256, 256), *, nothing: bool = False) -> bytes:
    """Return a DETR model: its boxes are cells of 32 pixels. With ``nothing``, the last class means no object."""
    graph = Graph()
    bright = graph.brightness(32, 1 / 0.226, -0.449 / 0.226) if nothing else graph.brightness(32, 1.0)
    logits = graph.logits(bright)
    rest = [-20.0] * (classes - 2)
    parts = [graph.filled(bright, [-20.0]), logits, *([graph.filled(bright, rest)] if rest else [])]
    if nothing:
        parts.append(graph.filled(bright, [0.0]))
    height, width = (int(side) // 32 for side in size)
    y, x = np.mgrid[:height, :width]
    places = np.stack([(x + 0.5) / width, (y + 0.5) / height, np.full_like(x, 1, float) / width,
                       np.full_like(y, 1, float) / height], axis=-1)  # fmt: skip
    boxes = graph.add("Identity", graph.constant(places.reshape(1, -1, 4)))
    return graph.model([graph.rows(graph.add("Concat", *parts, axis=1)), boxes], size)


FAMILIES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "yolox": ("yolox", yolox),
    "yolox of any size": ("yolox", lambda: yolox(size=("h", "w"))),
    "yolo": ("yolo", yolo),
    "nanodet": ("nanodet", lambda: nanodet("nanodet", classes=80)),
    "nanodet in grids": ("nanodet", lambda: nanodet("nanodet", bins=11, classes=80, grids=True)),
    "nanodet-plus": ("nanodet-plus", lambda: nanodet(classes=80)),
    "nanodet-plus of any size": ("nanodet-plus", lambda: nanodet(classes=80, size=("h", "w"))),
    "picodet": ("picodet", lambda: nanodet("picodet", classes=80, metadata="(i + 0.5) * stride")),
    "detr": ("detr", lambda: detr(classes=80)),
    "detr with a class for nothing": ("detr", lambda: detr(classes=80, nothing=True)),
}
"""Name -> family, and the function that makes the model."""


def with_square(left: int, top: int, side: int, width: int, height: int) -> NDArray[np.uint8]:
    """Return a black picture with a white square."""
    image = np.zeros((height, width, 3), np.uint8)
    image[top : top + side, left : left + side] = 255
    return image
