"""The wheels: the platform without weights, the weights, and an analytic that runs with both."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.video_samples import footage

ROOT = Path(__file__).resolve().parents[2]
MOST_LIGHT_BYTES = 5_000_000  # code, console with its editor and sample video, and documentation
ANALYSE = """
import sys
from pathlib import Path

from voxel51.analytics.object_tracks import analytic
from voxel51.labels.video import VideoLabels
from voxel51.platform import local

assert "site" in Path(local.__file__).parts, local.__file__
result = local.run(analytic, {"video": sys.argv[1]}, {"last_frame": 50}, Path("run"))
assert VideoLabels.from_file(result.outputs["labels"]).frames
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def test_the_wheel_of_the_platform_holds_no_weights(wheels: tuple[Path, Path]) -> None:
    platform, _ = wheels

    assert platform.stat().st_size < MOST_LIGHT_BYTES
    names = zipfile.ZipFile(platform).namelist()
    assert not [name for name in names if name.endswith(".onnx")]
    assert not [name for name in names if "/analytics/" in name and name.endswith("/NOTICE")]


def test_the_wheel_of_the_weights_holds_them_with_their_notices(wheels: tuple[Path, Path]) -> None:
    platform, weights = wheels
    files = {name for name in zipfile.ZipFile(weights).namelist() if not name.split("/")[0].endswith(".dist-info")}

    sources = ROOT / "src" / "voxel51" / "analytics"
    expected = {path.relative_to(sources).as_posix() for path in [*sources.glob("*/*.onnx"), *sources.glob("*/NOTICE")]}
    assert files == {f"voxel51_weights/{name}" for name in expected} | {"voxel51_weights/__init__.py"}
    assert weights.name.split("-")[1] == platform.name.split("-")[1], "the versions differ"


def analyse(folder: Path, *wheels: Path) -> subprocess.CompletedProcess[str]:
    """Run object-tracks in ``folder`` with the content of ``wheels`` before all that is installed here."""
    for wheel in wheels:
        zipfile.ZipFile(wheel).extractall(folder / "site")
    environment = {**os.environ, "PYTHONPATH": str(folder / "site"), "VOXEL51_WEIGHTS_DIR": str(folder / "none")}
    command = [sys.executable, "-c", ANALYSE, footage("bikes.mp4")]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_an_analytic_runs_with_both_wheels(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    done = analyse(tmp_path, *wheels)

    assert done.returncode == 0, done.stderr


def test_without_the_weights_the_error_says_how_to_install_them(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    done = analyse(tmp_path, wheels[0])

    assert done.returncode == 1
    assert "MissingWeights: weights not found: nanodet-g.onnx" in done.stderr
    assert "pip install ./weights" in done.stderr
