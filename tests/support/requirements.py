"""Requirements of tests on the machine. Where one is missing, the test is skipped with its name; in CI it fails."""

import os
import shutil
from typing import NoReturn

import pytest


def skip_except_in_ci(reason: str) -> NoReturn:
    """Skip the test for ``reason``, which names the missing package. CI has all packages, so the test fails there."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def require_program(name: str, package: str | None = None) -> str:
    """Return the path of a program of Debian's ``package``; by default the package has the same name."""
    path = shutil.which(name)
    if path is None:
        skip_except_in_ci(f"the program {name} is not installed (apt-get install {package or name})")
    return path
