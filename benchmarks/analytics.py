"""Speed of each analytic beside the decoding of the same file, at 1080p, alternating in one run.

Both are frames per second of processor time, of all threads together, which other programs on the machine disturb less
than the time that passes. The first run of an analytic, which imports its libraries, is not counted.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from benchmarks.support.figures import Figure
from footage.fetch import fetch
from voxel51.labels.media.video_reader import VideoReader, probe
from voxel51.platform import local
from voxel51.platform.entry_points import load_analytic

RUNS = 5
SIZE = (1920, 816)
"""The footage at three times its width: 1080p in the format of films."""

CASES: Mapping[str, tuple[dict[str, Any], str]] = {
    "voxel51/shot-detection": ({}, "≥ 0.8"),
    "voxel51/video-quality": ({}, "≥ 0.8"),
    "voxel51/motion-tracks": ({}, ""),
    "voxel51/object-tracks": ({"frame_stride": 5}, "≥ 0.7"),
    "voxel51/face-detection": ({"frame_stride": 5}, ""),
    "voxel51/face-redaction": ({}, ""),
    "voxel51/text-reading": ({}, ""),
}


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        video = _enlarged(Path(name) / "1080p.mp4")
        with_sound = fetch() / "bigbuckbunny.mp4"
        return [
            *(_compared(analytic, *case, video, Path(name)) for analytic, case in CASES.items()),
            _compared("voxel51/audio-activity", {}, "", with_sound, Path(name)),
        ]


def _compared(name: str, parameters: dict[str, Any], goal: str, video: Path, folder: Path) -> Figure:
    analytic = load_analytic(name)
    ours, decoding = [], []
    for run in range(RUNS + 1):
        own = folder / f"{name.replace('/', '-')}-{run}"
        ours.append(_rate(lambda own=own: _analysed(analytic, video, parameters, own)))  # type: ignore[misc]
        decoding.append(_rate(lambda: _decoded(video)))
    return Figure(f"{name}, {_height(video)} pixels high", "frames/s", ours[1:], "decoding", decoding[1:], goal)


def _height(video: Path) -> int:
    return (probe(video).frame_size or (0, 0))[1]


def _rate(work: Callable[[], int]) -> float:
    started = time.process_time()
    return work() / (time.process_time() - started)


def _analysed(analytic: Any, video: Path, parameters: dict[str, Any], folder: Path) -> int:
    result = local.run(analytic, {"video": video}, parameters, folder)
    assert result.amount is not None
    return result.amount["frame_count"]


def _decoded(video: Path) -> int:
    with VideoReader(video) as reader:
        return sum(1 for _ in reader)


def _enlarged(path: Path) -> Path:
    with VideoReader(fetch() / "bikes.mp4") as reader, av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "20", "preset": "fast"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for frame in reader:
            larger = cv2.resize(frame.image(), SIZE, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(larger, format="bgr24")))
        container.mux(stream.encode())
    return path
