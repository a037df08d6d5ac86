"""Frame batches on a GPU: which library and device are used, what errors say, and when a buffer is written again.

PyTorch and CuPy are stand-ins, whose copies from pinned memory end when their event is waited for, and not before. The
last test needs a GPU and one of the libraries; it is skipped without.
"""

import importlib.machinery
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from support.in_process_jobs import Recorder
from support.video_samples import number_in, numbered_video
from voxel51.labels.media.video_reader import VideoReader
from voxel51.platform.errors import UnavailableDevice
from voxel51.platform.frame_batches import LIBRARIES, frame_stacker
from voxel51.platform.job import Job
from voxel51.platform.video import input_video
from voxel51.wire.analytics import AnalyticDocument

DOCUMENT: AnalyticDocument = {
    "info": {"name": "any", "version": "1", "description": "any", "supports_cpu": True, "supports_gpu": True},
    "inputs": [{"name": "video", "type": "types.Video", "description": "any", "required": True}],
    "parameters": [],
    "outputs": [],
    "zip_outputs": False,
}


class Gpu:
    """A GPU to which copies are pending until their event is waited for."""

    def __init__(self) -> None:
        self.pending: list[Callable[[], None]] = []
        self.buffers: list[np.ndarray] = []

    def pinned(self, shape: tuple[int, ...]) -> np.ndarray:
        self.buffers.append(np.zeros(shape, np.uint8))
        return self.buffers[-1]

    def copy(self, source: np.ndarray, target: np.ndarray) -> None:
        self.pending.append(lambda: np.copyto(target, source))

    def event(self) -> SimpleNamespace:
        count = len(self.pending)

        def synchronize() -> None:
            for copy in self.pending[:count]:
                copy()
            self.pending[:count] = [lambda: None] * count

        return SimpleNamespace(record=lambda *_stream: None, synchronize=synchronize)


class GpuArray:
    """Array on a GPU. ``values`` are what has arrived."""

    def __init__(self, gpu: Gpu, shape: tuple[int, ...], device: object) -> None:
        self.values = np.zeros(shape, np.uint8)
        self.device = device
        self._gpu = gpu

    def set(self, source: np.ndarray, stream: object) -> None:
        self._gpu.copy(source, self.values)


class PinnedTensor:
    """Tensor of PyTorch in pinned memory."""

    def __init__(self, gpu: Gpu, values: np.ndarray) -> None:
        self._gpu, self._values = gpu, values

    def numpy(self) -> np.ndarray:
        return self._values

    def __getitem__(self, part: slice) -> "PinnedTensor":
        return PinnedTensor(self._gpu, self._values[part])

    def to(self, device: object, *, non_blocking: bool) -> GpuArray:
        assert non_blocking
        array = GpuArray(self._gpu, self._values.shape, device)
        self._gpu.copy(self._values, array.values)
        return array


def torch_module(gpu: Gpu, count: int) -> ModuleType:
    """PyTorch, as far as the SDK uses it, on a machine with ``count`` GPUs."""
    torch = _module("torch")
    torch.__version__ = "2.9.0"
    torch.uint8 = "uint8"
    torch.device = lambda kind, index: f"{kind}:{index}"
    torch.empty = lambda shape, dtype, pin_memory: PinnedTensor(gpu, gpu.pinned(shape))
    torch.cuda = SimpleNamespace(
        is_available=lambda: count > 0, device_count=lambda: count, Event=gpu.event, device=nullcontext
    )
    return torch


def cupy_modules(gpu: Gpu, count: int) -> dict[str, ModuleType]:
    """CuPy, likewise. Without a driver, its count of GPUs raises."""

    class Device:
        current = 0

        def __init__(self, index: int) -> None:
            self.index = index

        def __enter__(self) -> None:
            Device.current = self.index

        def __exit__(self, *_error: object) -> None:
            Device.current = 0

    def device_count() -> int:
        if not count:
            raise OSError("cudaErrorInsufficientDriver: CUDA driver version is insufficient\nfor CUDA runtime version")
        return count

    cupy, cupyx = _module("cupy"), _module("cupyx")
    cupy.__version__ = "14.2.0"
    cupy.empty = lambda shape, dtype: GpuArray(gpu, shape, f"cuda:{Device.current}")
    cupy.cuda = SimpleNamespace(
        runtime=SimpleNamespace(getDeviceCount=device_count), Device=Device, Event=gpu.event,
        get_current_stream=lambda: "stream",
    )  # fmt: skip
    cupyx.empty_pinned = lambda shape, dtype: gpu.pinned(shape)
    return {"cupy": cupy, "cupyx": cupyx}


def _module(name: str) -> Any:
    module: Any = ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    return module


@pytest.fixture
def gpu() -> Gpu:
    return Gpu()


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, gpu: Gpu) -> Callable[..., None]:
    """A function that installs libraries that find so many GPUs; those not named are not installed."""

    def find_spec(name: str) -> object:
        return sys.modules[name].__spec__ if name in sys.modules else None

    def make(**counts: int) -> None:
        monkeypatch.setattr("voxel51.platform.frame_batches.find_spec", find_spec)
        for name in (*LIBRARIES, "cupyx"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        modules = {"torch": torch_module(gpu, counts["torch"])} if "torch" in counts else {}
        modules |= cupy_modules(gpu, counts["cupy"]) if "cupy" in counts else {}
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)

    return make


@pytest.fixture
def job(tmp_path: Path) -> Job:
    video = numbered_video(tmp_path / "in.mp4", frames=20)
    return Job(DOCUMENT, {"video": video}, {}, tmp_path / "job", Recorder(), {})


def test_batches_are_numpy_arrays_by_default(job):
    with input_video(job) as video:
        batches = list(video.batches(8))

    assert [len(frames) for frames, _ in batches] == [8, 8, 4]
    assert {type(images) for _, images in batches} == {np.ndarray}
    assert [number_in(image) for _, images in batches for image in images] == list(range(1, 21))


@pytest.mark.parametrize("library", LIBRARIES)
def test_batches_arrive_on_the_gpu_whole_and_in_order(job, install, gpu, library):
    install(**{library: 2})

    with input_video(job) as video:
        batches = list(video.batches(8, device="cuda:1"))

    assert {images.device for _, images in batches} == {"cuda:1"}
    numbers = [number_in(image) for _, images in batches for image in images.values]
    assert numbers == [frame.number for frames, _ in batches for frame in frames] == list(range(1, 21))
    assert len(gpu.buffers) == 2  # used in turn, also for the smaller batch


@pytest.mark.parametrize("library", LIBRARIES)
def test_copies_have_ended_when_the_reader_stops_early(job, install, library):
    install(**{library: 1})

    with input_video(job) as video:
        batches = video.batches(8, device="cuda")
        _, images = next(batches)
        batches.close()

    assert [number_in(image) for image in images.values] == list(range(1, 9))


def test_frames_of_another_size_get_other_buffers(install, gpu, tmp_path):
    install(torch=1)
    stacker, stacked = frame_stacker("cuda"), []
    for size in ((320, 180), (160, 90), (320, 180)):
        with VideoReader(numbered_video(tmp_path / f"{len(stacked)}.mp4", frames=4, size=size)) as reader:
            stacked.append(stacker.stack(list(reader)))
    stacker.close()

    assert [array.values.shape[1:3] for array in stacked] == [(180, 320), (90, 160), (180, 320)]
    assert all(array.values.any() for array in stacked)


def test_auto_takes_the_first_gpu(job, install):
    install(torch=0, cupy=1)

    with input_video(job) as video:
        assert {type(images) for _, images in video.batches(8, device="auto")} == {GpuArray}


@pytest.mark.parametrize("counts", [{}, {"torch": 0}, {"cupy": 0}], ids=["no-library", "no-gpu", "no-driver"])
def test_auto_gives_numpy_arrays_without_a_gpu(job, install, counts):
    install(**counts)

    with input_video(job) as video:
        assert {type(images) for _, images in video.batches(8, device="auto")} == {np.ndarray}


@pytest.mark.parametrize(
    ("counts", "device", "library", "found"),
    [
        pytest.param({}, "cuda", None, "torch is not installed; cupy is not installed. Install one", id="no-library"),
        pytest.param({"torch": 0}, "cuda", None, "torch: PyTorch 2.9.0 finds no GPU; cupy is not", id="no-gpu"),
        pytest.param({"cupy": 0}, "cuda", "cupy", "cupy: cudaErrorInsufficientDriver: CUDA driver", id="no-driver"),
        pytest.param({"torch": 1}, "cuda:1", "torch", "PyTorch 2.9.0 finds 1 GPU, numbered from 0", id="too-few"),
        pytest.param({"torch": 1}, "cuda", "cupy", "'cuda': cupy is not installed. Install", id="other-library"),
    ],
)
def test_error_names_what_is_missing(job, install, counts, device, library, found):
    install(**counts)

    with input_video(job) as video, pytest.raises(UnavailableDevice) as error:
        video.batches(8, device=device, library=library)

    assert found in str(error.value)
    assert repr(device) in str(error.value)
    assert "device='auto'" in str(error.value)


@pytest.mark.parametrize(
    ("size", "device", "library", "found"),
    [
        (8, "gpu", None, "device must be 'cpu', 'auto', 'cuda' or 'cuda:N' with the number of a GPU, not 'gpu'"),
        (8, "cuda:x", None, "not 'cuda:x'"),
        (8, "auto", "jax", "library must be 'torch' or 'cupy', not 'jax'"),
        (0, "cpu", None, "the size of a batch must be at least 1, not 0"),
    ],
)
def test_invalid_arguments_are_named(job, size, device, library, found):
    with input_video(job) as video, pytest.raises(ValueError, match=found):
        video.batches(size, device=device, library=library)


def test_the_sdk_imports_no_library_for_batches_on_the_cpu(job, install):
    install()

    with input_video(job) as video:
        list(video.batches(8))

    assert not {*LIBRARIES, "cupyx"} & sys.modules.keys()


@pytest.mark.parametrize("library", LIBRARIES)
def test_real_gpu(job, library):
    pytest.importorskip(library)
    try:
        frame_stacker("cuda", library).close()
    except UnavailableDevice as error:
        pytest.skip(str(error))

    with input_video(job) as video:
        batches = list(video.batches(8, device="cuda", library=library))

    arrays = [images.cpu().numpy() if library == "torch" else images.get() for _, images in batches]
    assert [number_in(image) for images in arrays for image in images] == list(range(1, 21))
