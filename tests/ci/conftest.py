"""Fixtures of tests of installations: the wheels, built once."""

import subprocess
import sys
from pathlib import Path

import pytest

from demo.unpacked_wheel import ROOT

EVERYTHING_IMPORTS = "import voxel51.server.app, voxel51.users.api, voxel51.analytics.object_tracks, psycopg, pyarrow"


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel of the platform and that of the weights, as `make build` builds them."""
    folder = tmp_path_factory.mktemp("wheels")
    for project in (ROOT, ROOT / "weights"):
        build = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", folder, project]
        subprocess.run(build, check=True)
    (platform,) = folder.glob("voxel51_platform-[0-9]*.whl")
    (weights,) = folder.glob("voxel51_platform_weights-*.whl")
    return platform, weights
