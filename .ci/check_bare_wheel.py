"""Checks that the wheel, installed without any extra, is a working light client.

Run it with the interpreter of an environment that holds the wheel alone, from a folder without the sources.
"""

import importlib
import pkgutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from voxel51 import wire

CLIENT_PACKAGES = ("voxel51.wire", "voxel51.transport", "voxel51.users", "voxel51.cli")
ORIGINAL_SDK = (
    *(f"voxel51.platform.{name}" for name in ("task", "api", "utils", "auth", "config")),
    "voxel51.image2video",
    "voxel51.image2video.core",
)
HEAVY = ("numpy", "cv2", "av", "sqlalchemy", "starlette", "onnxruntime", "scipy")
IMPORT_GOAL_SECONDS = 0.15


def import_every_client_module() -> int:
    """Import each module of the client packages; returns how many there are. A missing dependency raises."""
    count = 0
    for name in CLIENT_PACKAGES:
        package = importlib.import_module(name)
        count += 1
        for module in pkgutil.walk_packages(package.__path__, prefix=f"{name}."):
            importlib.import_module(module.name)
            count += 1
    for name in ORIGINAL_SDK:
        importlib.import_module(name)
    return count + len(ORIGINAL_SDK)


def seconds_to_import(module: str, runs: int = 7) -> float:
    """Median of what importing ``module`` adds to the start of an interpreter."""

    def wall(code: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - started

    return statistics.median(wall(f"import {module}") - wall("pass") for _ in range(runs))


def main() -> None:
    """Raises on the first thing that is not as it should be."""
    count = import_every_client_module()
    loaded = [name for name in HEAVY if name in sys.modules]
    assert not loaded, f"the light client pulled in {loaded}"
    site = Path(wire.__file__).parents[1] / "server" / "site" / "index.html"
    assert site.is_file(), "the wheel holds no documentation"
    weights = [*Path(wire.__file__).parents[1].rglob("*.onnx")]
    assert not weights, f"the light wheel holds weights: {weights}"
    command = Path(sys.executable).parent / "voxel51"
    subprocess.run([command, "--help"], check=True, stdout=subprocess.DEVNULL)
    seconds = seconds_to_import("voxel51.users.api")
    verdict = "within" if seconds < IMPORT_GOAL_SECONDS else "ABOVE"
    print(f"{count} client modules import from the bare wheel; voxel51 --help works")
    print(
        f"import voxel51.users.api: {seconds * 1000:.0f} ms, {verdict} the goal of {IMPORT_GOAL_SECONDS * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
