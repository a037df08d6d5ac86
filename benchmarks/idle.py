"""Idle platform: processor time of a platform without requests and jobs, beside one percent of a core."""

import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.support.figures import Figure
from demo.platform_process import PlatformProcess

RUNS = 3
SECONDS = 20.0
SETTLING_SECONDS = 5.0
"""Time in which the platform finishes its start."""


def measure() -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name,
        PlatformProcess(Path(name) / "data") as platform,
    ):
        time.sleep(SETTLING_SECONDS)
        used = [_processor_ms(psutil.Process(platform.pid)) for _ in range(RUNS)]
    return [Figure("idle platform: processor per second", "ms", used, "1 % of a core", [10.0] * RUNS, "< 0.5")]


def _processor_ms(platform: psutil.Process) -> float:
    """Return the processor time that the platform and its processes use in a second."""
    before = _seconds(platform)
    time.sleep(SECONDS)
    return (_seconds(platform) - before) / SECONDS * 1e3


def _seconds(platform: psutil.Process) -> float:
    times = [process.cpu_times() for process in (platform, *platform.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))
