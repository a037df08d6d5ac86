"""ONNX Runtime sessions that share the processors with the video decoder."""

import os
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxel51.analytics.onnx_files import InvalidModelFile, require_single_file

PREFERRED = ("CUDAExecutionProvider", "ROCMExecutionProvider", "CoreMLExecutionProvider", "CPUExecutionProvider")
"""Execution providers, the fastest first, used if they are installed and the hardware exists."""


class UnusableModel(ValueError):
    """Model that cannot be used; the text says why."""


def available_threads() -> int:
    """Return the number of compute threads: ``OMP_NUM_THREADS`` if set, else the CPUs that this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_runtime() -> None:
    """Import ONNX Runtime, which takes longer than many a job; the setup of the analytics that use it.

    Sessions are created in each job: only there is the hardware known, and a GPU cannot be used after a fork.
    """
    import onnxruntime  # noqa: F401, PLC0415  (it starts a thread, which a process that forks all jobs must not have)


def create_session(model: bytes) -> Any:
    """Return a session of an ONNX model, on the best available provider of `PREFERRED`.

    It starts threads, so call it only in a job's own process.

    Raises:
        UnusableModel: the bytes are not an ONNX model, or the model refers to other files.
    """
    import onnxruntime  # noqa: PLC0415  (likewise)

    try:
        require_single_file(model)
    except InvalidModelFile as error:
        raise UnusableModel(str(error)) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = available_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Threads that wait by spinning take the cores from the decoder.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.load_model_format", "ONNX")  # never the .ort format
    installed = onnxruntime.get_available_providers()
    providers = [name for name in PREFERRED if name in installed]
    try:
        return onnxruntime.InferenceSession(model, options, providers=providers)
    except Exception as error:  # its errors have no common base
        reason = str(error).rpartition(" : ")[2].strip()[:300]
        raise UnusableModel(f"it cannot be read as an ONNX model: {reason}") from None


class Network:
    """Model that takes one image per call.

    Attributes:
        size: width and height of its input; None if they are free.
        metadata: metadata by its exporter.
        takes_pixel_mask: whether it has a second input that masks the pixels of the image.
    """

    def __init__(self, model: bytes) -> None:
        """Open ``model``.

        Raises:
            UnusableModel: the bytes are not a model, or its inputs are not one image.
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

    def run(self, batch: NDArray[np.generic]) -> list[NDArray[np.float32]]:
        """Return the outputs for one image, float32 [1, 3, H, W]."""
        given = {self._input: batch.astype(self._type, copy=False)}
        if self._mask is not None:
            given[self._mask] = np.ones((1, *batch.shape[2:]), np.int64)
        return [np.asarray(each, np.float32) for each in self._session.run(None, given)]

    def run_on_blank(self, size: tuple[int, int]) -> list[NDArray[np.float32]]:
        """Return the outputs for a blank image of ``size``.

        Raises:
            UnusableModel: the model does not accept that size.
        """
        try:
            return self.run(np.zeros((1, 3, size[1], size[0]), np.float32))
        except Exception as error:  # its errors have no common base
            raise UnusableModel(f"it does not run on a picture of {size[0]} by {size[1]}: {str(error)[:300]}") from None

    def output_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        """Return the shapes of the outputs for an image of ``size``; raises as `run_on_blank` does."""
        return [each.shape for each in self.run_on_blank(size)]
