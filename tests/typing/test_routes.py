"""Typed routes: mypy compares a handler's parameters with the caller and the body of its route."""

import subprocess
import sys
from pathlib import Path

from support.documentation_pages import ROOT

ROUTES = Path(__file__).with_name("routes.py")


def test_mypy_rejects_handlers_that_do_not_fit_their_route() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", str(ROUTES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
