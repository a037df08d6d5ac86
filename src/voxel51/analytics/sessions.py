"""ONNX Runtime, set up to share a machine's processors with whoever decodes."""

import os
import sys
from typing import Any

import numpy as np

PREFERRED = ("CUDAExecutionProvider", "ROCMExecutionProvider", "CoreMLExecutionProvider", "CPUExecutionProvider")
"""What computes, the best first, where it is installed and there is such hardware."""

_ELSEWHERE = b"\x0a\x08location"
"""How a model says that weights are in other files."""


class UnusableModel(ValueError):
    """A model that cannot be used; the text says why."""


def available_threads() -> int:
    """How many threads to compute with: ``OMP_NUM_THREADS`` where it is set, else the CPUs this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def create_session(model: bytes) -> Any:
    """A session of an ONNX model, on the best of `PREFERRED`. It starts threads, so not before a job's own process.

    Raises:
        UnusableModel: it is no ONNX model, or one that reads other files.
    """
    import onnxruntime  # noqa: PLC0415  (likewise)

    if _ELSEWHERE in model:
        raise UnusableModel("the model keeps its weights in other files; save it as one file, weights included")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = available_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Threads that wait by spinning take the cores from the decoder.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    installed = onnxruntime.get_available_providers()
    providers = [name for name in PREFERRED if name in installed]
    try:
        return onnxruntime.InferenceSession(model, options, providers=providers)
    except Exception as error:  # its errors have no common base
        reason = str(error).rpartition(" : ")[2].strip()[:300]
        raise UnusableModel(f"it cannot be read as an ONNX model: {reason}") from None


class Network:
    """A model that takes one picture at a time.

    Attributes:
        size: width and height of the pictures that it takes; None where they may have any size.
        metadata: what its exporter says of it.
        takes_pixel_mask: whether it asks, beside the picture, which pixels are its.
    """

    def __init__(self, model: bytes) -> None:
        """Open ``model``.

        Raises:
            UnusableModel: it is none, or takes something else than one picture.
        """
        self._session = create_session(model)
        inputs = self._session.get_inputs()
        pictures = [each for each in inputs if len(each.shape) == 4]
        masks = [each for each in inputs if len(each.shape) == 3]
        if len(pictures) != 1 or len(pictures) + len(masks) != len(inputs) or pictures[0].shape[1] not in {3, "3"}:
            taken = ", ".join(f"{each.name} {each.shape}" for each in inputs)
            raise UnusableModel(f"it takes {taken}; a detector takes one picture [1, 3, height, width]")
        self._input = pictures[0].name
        self._type = np.float16 if "float16" in pictures[0].type else np.float32
        self._mask = masks[0].name if masks else None
        height, width = pictures[0].shape[2:]
        fixed = isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0
        self.size: tuple[int, int] | None = (width, height) if fixed else None
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        self.takes_pixel_mask = self._mask is not None

    def run(self, batch: Any) -> list[Any]:
        """What it gives for one picture, float32 [1, 3, H, W]."""
        given = {self._input: batch.astype(self._type, copy=False)}
        if self._mask is not None:
            given[self._mask] = np.ones((1, *batch.shape[2:]), np.int64)
        return [np.asarray(each, np.float32) for each in self._session.run(None, given)]

    def run_on_blank(self, size: tuple[int, int]) -> list[Any]:
        """What it gives for an empty picture of ``size``.

        Raises:
            UnusableModel: it takes none of that size.
        """
        try:
            return self.run(np.zeros((1, 3, size[1], size[0]), np.float32))
        except Exception as error:  # its errors have no common base
            raise UnusableModel(f"it does not run on a picture of {size[0]} by {size[1]}: {str(error)[:300]}") from None

    def output_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        """Shapes of what it gives for a picture of ``size``; raises as `run_on_blank` does."""
        return [each.shape for each in self.run_on_blank(size)]
