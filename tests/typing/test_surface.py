import subprocess
import sys
from pathlib import Path

import pytest

from support.documentation_pages import ROOT

SURFACE = str(Path(__file__).with_name("surface.py"))
CHECKERS = {
    "mypy": ["-m", "mypy", "--strict", SURFACE],
    "pyright": ["-m", "basedpyright", "--pythonpath", sys.executable, SURFACE],
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_type_checkers_know_the_types_of_the_calls(checker: str) -> None:
    """mypy reports an unused ``type: ignore`` as an error, so calls that must not pass are checked as well."""
    command = [sys.executable, *CHECKERS[checker]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
