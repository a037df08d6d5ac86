"""Speed of the named detectors beside the included one, by size of the images, on one frame of real footage.

Weights that are not included are looked up in the folder that ``VOXEL51_TEST_WEIGHTS`` names.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.support.figures import Figure
from footage.fetch import fetch
from voxel51.analytics.detectors.detector import Detector
from voxel51.analytics.detectors.model_families import load_detector
from voxel51.analytics.detectors.model_registry import DETECTORS, NANODET
from voxel51.labels.media.frame import Pixels, resized
from voxel51.labels.media.video_reader import VideoReader
from voxel51.platform.named_weights import NamedWeights

RUNS = 15
SIZES = (416, 512, 640)


def measure() -> list[Figure]:
    with VideoReader(fetch() / "bikes.mp4") as video:
        image = next(frame.image() for frame in video if frame.number == 160)
    included = load_detector(NANODET.read(), 416).detector
    return [
        _compared(entry, content, size, included, image)
        for entry, content in _present()
        for size in SIZES
        if size == 416 or not entry.is_included
    ]


def _present() -> Iterator[tuple[NamedWeights, bytes]]:
    folder = os.environ.get("VOXEL51_TEST_WEIGHTS")
    for entry in DETECTORS:
        if entry.is_included:
            yield entry, NANODET.read()
        elif folder and entry.find(Path(folder)):
            yield entry, (Path(folder) / entry.filename).read_bytes()


def _compared(entry: NamedWeights, content: bytes, size: int, included: Detector, image: Pixels) -> Figure:
    detector = load_detector(content, size).detector
    ours, other = [], []
    for _ in range(RUNS):
        ours.append(_milliseconds(detector, image))
        other.append(_milliseconds(included, image))
    return Figure(f"{entry.name} at {size} ({entry.accuracy})", "ms", ours, "nanodet-g at 416", other, "")


def _milliseconds(detector: Detector, image: Pixels) -> float:
    small = resized(image, *detector.fitting((image.shape[1], image.shape[0])))
    started = time.perf_counter()
    detector.detect(small, 0.4)
    return (time.perf_counter() - started) * 1000
