"""Installation in a clone, by each of the ways that the documentation names, with pip alone."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ci.conftest import EVERYTHING_IMPORTS

ROOT = Path(__file__).resolve().parents[2]
FILES = ("src", ".ci", "pyproject.toml", "README.md", "LICENSE", "requirements.txt", "requirements-dev.txt")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of the files that an installation reads."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in FILES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def environment(folder: Path) -> Path:
    """Make an empty environment in ``folder``; return its Python."""
    run(folder.parent, sys.executable, ROOT / ".ci" / "install.py", "--empty", folder)
    return folder / "bin" / "python"


def run(folder: Path, *command: str | Path) -> None:
    """Run a command in ``folder``; fail with its output if it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def test_the_requirements_and_an_editable_project_are_the_whole_installation(clone: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "environment")
    run(clone, python, "-m", "pip", "install", "--quiet", "--no-compile", "-r", "requirements.txt")
    for options in (("--no-deps",), ()):  # both are documented; with dependencies, nothing may be missing
        run(clone, python, "-m", "pip", "install", "--quiet", *options, "-e", ".")
        run(tmp_path, python, "-c", EVERYTHING_IMPORTS)
        run(tmp_path, python.with_name("voxel51"), "--version")
        run(clone, python, "-m", "pip", "check")


def test_the_locks_can_be_made_again_and_stay_the_same(clone: Path) -> None:
    run(clone, sys.executable, clone / ".ci" / "lock.py")
    for name in ("requirements.txt", "requirements-dev.txt", ".ci/installer.txt"):
        assert (clone / name).read_text() == (ROOT / name).read_text(), name
