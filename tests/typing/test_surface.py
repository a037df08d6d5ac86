import subprocess
import sys
from pathlib import Path

from documentation import ROOT


def test_type_checkers_know_what_calls_take_and_give() -> None:
    """Strictly: a ``type: ignore`` that is not needed is an error, so what must not pass is checked as well."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(Path(__file__).with_name("surface.py"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
