"""ONNX Runtime, set up to share a machine's processors with whoever decodes."""

import os
import sys
from typing import Any


def available_threads() -> int:
    """How many threads to compute with: ``OMP_NUM_THREADS`` where it is set, else the CPUs this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def session_of(model: bytes) -> Any:
    """A session of an ONNX model on the CPU. It starts threads, so not before a job's own process."""
    import onnxruntime  # noqa: PLC0415  (likewise)

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = available_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that wait by spinning take the cores from the decoder.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
