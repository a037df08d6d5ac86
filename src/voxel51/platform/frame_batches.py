"""Frame batches: stack frames into one array, in the memory of the CPU or of a GPU.

A batch reaches a GPU by the library that the analytic uses itself: PyTorch or CuPy, as a ``torch.Tensor`` or a
``cupy.ndarray``. Neither is a dependency of the SDK, and neither is imported unless a batch is asked for on a GPU. The
frames are written into pinned memory, from which the GPU copies them while the next frames are decoded. Two such
buffers are used in turn; each is written again only after its last copy has ended.
"""

import re
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, Protocol

import numpy as np

from voxel51.labels.media.frame import Frame, Pixels
from voxel51.platform.errors import UnavailableDevice

DeviceLibrary = Literal["torch", "cupy"]
LIBRARIES: tuple[DeviceLibrary, ...] = ("torch", "cupy")

_DEVICE = re.compile(r"cuda(?::(\d+))?")
_BUFFERS = 2


class FrameStacker(Protocol):
    """Stacks frames on one device."""

    def stack(self, frames: Sequence[Frame]) -> Any:
        """Return the images of frames of one size as one array: BGR, uint8 [N, H, W, 3]."""

    def close(self) -> None:
        """Wait until the device has read all images."""


def frame_stacker(device: str = "cpu", library: DeviceLibrary | None = None) -> FrameStacker:
    """Return what stacks frames on ``device``.

    Args:
        device: ``cpu`` for NumPy arrays; ``cuda`` or ``cuda:N`` for a GPU; ``auto`` for the first GPU, or NumPy arrays
            on a machine without.
        library: what makes the arrays on a GPU; by default the one that is already imported, or else installed, PyTorch
            first.

    Raises:
        ValueError: ``device`` or ``library`` is not one of these.
        UnavailableDevice: no library is installed, or it finds no such GPU.
    """
    if library is not None and library not in LIBRARIES:
        raise ValueError(f"library must be {' or '.join(map(repr, LIBRARIES))}, not {library!r}")
    if device == "cpu":
        return _CpuStacker()
    named = _DEVICE.fullmatch(device)
    if named is None and device != "auto":
        raise ValueError(f"device must be 'cpu', 'auto', 'cuda' or 'cuda:N' with the number of a GPU, not {device!r}")
    found = _stacker_on_gpu(int(named[1] or 0) if named else 0, library)
    if not isinstance(found, str):
        return found
    if device == "auto":
        return _CpuStacker()
    fix = "Install one that supports the GPU, or give device='auto' to get NumPy arrays on a machine without."
    raise UnavailableDevice(f"no frames on device {device!r}: {found}. {fix}")


class _CpuStacker:
    def stack(self, frames: Sequence[Frame]) -> Pixels:
        return np.stack([frame.image() for frame in frames])

    def close(self) -> None:
        pass


def _stacker_on_gpu(index: int, library: DeviceLibrary | None) -> FrameStacker | str:
    """Return a stacker on the GPU with this index, by the first library that can; else why none can."""
    reasons = []
    for name in (library,) if library else sorted(LIBRARIES, key=lambda name: name not in sys.modules):
        if find_spec(name) is None:
            reasons.append(f"{name} is not installed")
            continue
        # Each fails in its own way where CUDA is missing or broken, when it is imported or first asked.
        try:
            memory = _MEMORIES[name](import_module(name), index)
        except Exception as error:
            reason = str(error).strip().splitlines()
            reasons.append(f"{name}: {reason[0] if reason else type(error).__name__}")
            continue
        return _PinnedStacker(memory)
    return "; ".join(reasons)


class _DeviceMemory(Protocol):
    """Memory of one GPU, by one library."""

    def pinned(self, shape: tuple[int, ...]) -> tuple[Any, Pixels]:
        """Return a new pinned buffer and a NumPy view of it."""

    def copied(self, buffer: Any, count: int) -> tuple[Any, Any]:
        """Begin to copy the first ``count`` images of ``buffer``. Return the array on the GPU, and an event, whose
        ``synchronize()`` waits for the end of the copy.
        """


class _PinnedStacker:
    """Stacks frames in pinned buffers, which it uses in turn, and copies them to a GPU."""

    def __init__(self, memory: _DeviceMemory) -> None:
        self._memory = memory
        self._buffers: list[tuple[Any, Pixels, Any]] = []  # the one that was used longest ago first

    def stack(self, frames: Sequence[Frame]) -> Any:
        first = frames[0].image()
        buffer, view = self._buffer((len(frames), *first.shape))
        view[0] = first
        for place, frame in enumerate(frames[1:], 1):
            view[place] = frame.image()
        images, event = self._memory.copied(buffer, len(frames))
        self._buffers.append((buffer, view, event))
        return images

    def close(self) -> None:
        # CuPy gives pinned memory that is released to others, although a copy may still read it.
        for _, _, event in self._buffers:
            event.synchronize()
        self._buffers.clear()

    def _buffer(self, shape: tuple[int, ...]) -> tuple[Any, Pixels]:
        """Return a buffer that holds ``shape`` and that no copy reads."""
        if len(self._buffers) == _BUFFERS:
            buffer, view, event = self._buffers.pop(0)
            event.synchronize()
            if len(view) >= shape[0] and view.shape[1:] == shape[1:]:
                return buffer, view
        return self._memory.pinned(shape)


class _TorchMemory:
    def __init__(self, torch: Any, index: int) -> None:
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        _check_count(count, index, f"PyTorch {torch.__version__}")
        self._torch = torch
        self._device = torch.device("cuda", index)

    def pinned(self, shape: tuple[int, ...]) -> tuple[Any, Pixels]:
        buffer = self._torch.empty(shape, dtype=self._torch.uint8, pin_memory=True)
        return buffer, buffer.numpy()

    def copied(self, buffer: Any, count: int) -> tuple[Any, Any]:
        with self._torch.cuda.device(self._device):
            images = buffer[:count].to(self._device, non_blocking=True)
            event = self._torch.cuda.Event()
            event.record()
        return images, event


class _CupyMemory:
    def __init__(self, cupy: Any, index: int) -> None:
        _check_count(cupy.cuda.runtime.getDeviceCount(), index, f"CuPy {cupy.__version__}")
        self._cupy = cupy
        self._pinned: Any = import_module("cupyx")
        self._device = cupy.cuda.Device(index)

    def pinned(self, shape: tuple[int, ...]) -> tuple[Any, Pixels]:
        view = self._pinned.empty_pinned(shape, np.uint8)
        return view, view

    def copied(self, buffer: Any, count: int) -> tuple[Any, Any]:
        with self._device:
            stream = self._cupy.cuda.get_current_stream()
            images = self._cupy.empty(buffer[:count].shape, np.uint8)
            images.set(buffer[:count], stream=stream)
            event = self._cupy.cuda.Event()
            event.record(stream)
        return images, event


def _check_count(count: int, index: int, library: str) -> None:
    if index >= count:
        found = "no GPU" if count == 0 else f"{count} GPU{'' if count == 1 else 's'}, numbered from 0"
        raise UnavailableDevice(f"{library} finds {found}")


_MEMORIES: dict[str, Callable[[Any, int], _DeviceMemory]] = {"torch": _TorchMemory, "cupy": _CupyMemory}
