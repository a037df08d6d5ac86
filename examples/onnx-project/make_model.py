"""Write the model of this example: ``python make_model.py`` (needs the package onnx)."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

GREY = np.array([0.114, 0.587, 0.299], np.float32)  # weights of blue, green and red
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32) / 8

kernels = np.stack([np.stack([GREY[channel] * kernel for channel in range(3)]) for kernel in (SOBEL, SOBEL.T)])
nodes = [
    helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
    helper.make_node("Transpose", ["numbers"], ["channels_first"], perm=[0, 3, 1, 2]),
    helper.make_node("Conv", ["channels_first", "kernels"], ["gradients"]),
    helper.make_node("Abs", ["gradients"], ["strengths"]),
    helper.make_node("ReduceMean", ["strengths", "axes"], ["edges"], keepdims=0),
]
constants = [
    numpy_helper.from_array(kernels.astype(np.float32), "kernels"),
    numpy_helper.from_array(np.array([1, 2, 3], np.int64), "axes"),
]
images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", "height", "width", 3])
edges = helper.make_tensor_value_info("edges", TensorProto.FLOAT, ["n"])
graph = helper.make_graph(nodes, "edges", [images], [edges], constants)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
checker.check_model(model)
save(model, Path(__file__).parent / "src" / "edge_density" / "edges.onnx")
