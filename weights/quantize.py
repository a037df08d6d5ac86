"""Conversion of NanoDet-g to 8-bit integers: ``python -m weights.quantize nanodet-g-fp16.onnx nanodet-g.onnx``.

Processors multiply 8-bit integers two to four times as fast as floats. Each tensor of activations gets one scale, by
its extremes in the footage of the demo. Weights get one scale for each channel and 7 bits, because processors without
VNNI add two products in 16 bits. Layers in which integers are slower or cost accuracy stay floats: the first two
convolutions with the pooling between them, and the last one of each grid. The result is the same in every run. Needs
the packages of `make dev`.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from footage.fetch import CLIPS, fetch
from voxel51.analytics.detectors.letterbox import covering, fitted, letterboxed
from voxel51.analytics.detectors.nanodet import MARGIN, STRIDE, normalised_batch
from voxel51.labels.media.video_reader import VideoReader

PICTURE_SIZE = 416
FRAME_STRIDE = 5


def main() -> None:
    """Write the quantized model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="NanoDet-g with 16-bit floats")
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    model = onnx.load(options.source)
    use_32_bit_floats(model)
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared = Path(folder) / "plain.onnx", Path(folder) / "prepared.onnx"
        onnx.save(model, plain)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        model = onnx.load(prepared)
        merge_padding_of_pooling(model)
        onnx.save(model, prepared)
        quantize_static(
            prepared,
            options.target,
            Footage(model.graph.input[0].name),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[*first_layers(model), *last_layers(model)],
        )


def use_32_bit_floats(model: Any) -> None:
    """Convert the weights, and remove the casts, so that layers can be merged."""
    graph = model.graph
    for weights in graph.initializer:
        if weights.data_type == onnx.TensorProto.FLOAT16:
            values = numpy_helper.to_array(weights).astype(np.float32)
            weights.CopyFrom(numpy_helper.from_array(values, weights.name))
    sources = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}
    names = {_origin(output.name, sources): output.name for output in graph.output}
    kept = [node for node in graph.node if node.op_type != "Cast"]
    for node in kept:
        for tensors in (node.input, node.output):
            for place, tensor in enumerate(tensors):
                origin = _origin(tensor, sources)
                tensors[place] = names.get(origin, origin)
    del graph.node[:], graph.value_info[:]
    graph.node.extend(kept)


def _origin(tensor: str, sources: dict[str, str]) -> str:
    while tensor in sources:
        tensor = sources[tensor]
    return tensor


def merge_padding_of_pooling(model: Any) -> None:
    """Let the pooling pad by itself: both are the same, as its padding is the lowest number."""
    values = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    padding = next(node for node in model.graph.node if node.op_type == "Pad")
    pooling = next(node for node in model.graph.node if padding.output[0] in node.input)
    if pooling.op_type != "MaxPool" or values[padding.input[2]] != -np.inf:
        raise ValueError("the padding does not belong to a pooling")
    top, left, bottom, right = (int(values[padding.input[1]][place]) for place in (2, 3, 6, 7))
    for attribute in [each for each in pooling.attribute if each.name == "auto_pad"]:
        pooling.attribute.remove(attribute)
    pooling.attribute.append(onnx.helper.make_attribute("pads", [top, left, bottom, right]))
    pooling.input[0] = padding.input[0]
    model.graph.node.remove(padding)
    for name in padding.input[1:]:
        model.graph.initializer.remove(next(each for each in model.graph.initializer if each.name == name))


def first_layers(model: Any) -> list[str]:
    """Return the names of the nodes up to the second activation."""
    activations = [place for place, node in enumerate(model.graph.node) if node.op_type == "LeakyRelu"]
    return [node.name for node in model.graph.node[: activations[1] + 1]]


def last_layers(model: Any) -> list[str]:
    """Return the names of the nodes whose results are outputs."""
    outputs = {each.name for each in model.graph.output}
    return [node.name for node in model.graph.node if outputs & {*node.output}]


class Footage(CalibrationDataReader):
    """Images of the demo's footage, as the detector gets them."""

    def __init__(self, name: str) -> None:
        self._batches = ({name: batch} for batch in _batches())

    def get_next(self) -> dict[str, Any] | None:
        """Return the next image, or None after the last."""
        return next(self._batches, None)


def _batches() -> Iterator[np.ndarray[Any, Any]]:
    for clip in CLIPS:
        with VideoReader(fetch() / clip) as frames:
            for frame in frames:
                if frame.number % FRAME_STRIDE == 1:
                    size = fitted(frame.size, (PICTURE_SIZE, PICTURE_SIZE))
                    yield normalised_batch(
                        letterboxed(frame.small(*size), covering(size, STRIDE), MARGIN, centred=True)
                    )


if __name__ == "__main__":
    main()
