"""Wheels of one module, written by hand, so that tests install packages with pip and need no index."""

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path


def make_wheel(folder: Path, module: str, version: str, code: str, entry_points: Mapping[str, str]) -> Path:
    """Write the wheel of a package with one ``module`` and these analytics (name -> object in the module)."""
    information = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": code,
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: {version}\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{information}/entry_points.txt": "\n".join(
            ["[voxel51.analytics]", *(f"{name} = {module}:{target}" for name, target in entry_points.items()), ""]
        ),
    }
    record = f"{information}/RECORD"
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        wheel.writestr(record, "".join(f"{name},,\n" for name in [*files, record]))
    return path


def pip_install(wheel: Path, folder: Path) -> None:
    """Install a wheel into ``folder`` with pip, in place of an earlier version."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--upgrade"]
    subprocess.run([*command, "--no-compile", "--target", folder, wheel], check=True)
