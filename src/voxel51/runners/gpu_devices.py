"""GPU devices: the device files through which the processes of a job use NVIDIA GPUs of this machine."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

DEVICE_FOLDER = Path("/dev")
_FILES = ("nvidia[0-9]*", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools")
"""One file for each GPU, and those of the driver."""


class GpuAccess(StrEnum):
    """GPU access: the attempts of a runner that can use the GPUs of its machine."""

    NONE = "none"
    NEEDED = "needed"  # those whose resources have a GPU
    ALL = "all"


def gpu_device_files() -> Sequence[Path]:
    """Return the device files of all GPUs; none on a machine without."""
    return [path for pattern in _FILES for path in sorted(DEVICE_FOLDER.glob(pattern)) if path.is_char_device()]
