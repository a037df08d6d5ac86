"""Installed wheel: build the wheel of this clone, with its console bundled, and run platforms from it."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def install_wheel(folder: Path) -> Path:
    """Build the wheel and return a folder with its content."""
    subprocess.run([sys.executable, ROOT / ".ci" / "console"], check=True)
    build = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", folder, ROOT]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("*.whl")
    installed = folder / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    return installed


def without_bundle(installed: Path) -> Path:
    """Return a copy of ``installed`` whose console consists of its plain modules, as in a clone without Node."""
    copy = installed.with_name("plain")
    shutil.copytree(installed, copy)
    shutil.rmtree(copy / "voxel51" / "server" / "console" / "bundle")
    return copy


def path_with(installed: Path) -> dict[str, str]:
    """Return the variables with which the modules in ``installed`` win over those of the clone."""
    return {"PYTHONPATH": os.pathsep.join([str(installed), str(ROOT)])}
