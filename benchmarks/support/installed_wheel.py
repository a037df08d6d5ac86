"""Installed wheel: the wheel of this clone with its console bundled, or without the bundle."""

import shutil
import subprocess
import sys
from pathlib import Path

from demo.unpacked_wheel import ROOT, unpacked_wheel


def install_wheel(folder: Path) -> Path:
    """Build the wheel with its console bundled, and return a folder with its content."""
    subprocess.run([sys.executable, ROOT / ".ci" / "console"], check=True)
    return unpacked_wheel(folder)


def without_bundle(installed: Path) -> Path:
    """Return a copy of ``installed`` whose console consists of its plain modules, as in a clone without Node."""
    copy = installed.with_name("plain")
    shutil.copytree(installed, copy)
    shutil.rmtree(copy / "voxel51" / "server" / "console" / "bundle")
    return copy
