"""Wheels: build the wheel of this clone and run platforms from it, as an installation without the clone does."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def unpacked_wheel(folder: Path) -> Path:
    """Build the wheel and return a folder with its content. The documentation and the console are built before."""
    build: list[str | Path] = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", folder, ROOT]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("*.whl")
    installed = folder / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    return installed


def path_with(installed: Path) -> str:
    """Return a value of ``PYTHONPATH`` with which the modules in ``installed`` win over those of the clone."""
    return os.pathsep.join([str(installed), str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
