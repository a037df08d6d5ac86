"""Weights that may be used in tests but are not part of the repository.

They lie in the folder that the environment variable ``VOXEL51_TEST_WEIGHTS`` names. Tests skip without it.
"""

import os
from pathlib import Path

import pytest

from support.requirements import skip_except_in_ci

VARIABLE = "VOXEL51_TEST_WEIGHTS"


def weights_folder_for_tests() -> Path:
    """Return the folder; skip the test if the environment does not name one."""
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"{VARIABLE} does not name a folder with weights")
    return Path(named)


def weights_for_tests(filename: str) -> Path:
    """Return the path of a file with weights. If the folder lacks it, the test is skipped, except in CI."""
    path = weights_folder_for_tests() / filename
    if not path.is_file():
        skip_except_in_ci(f"{path} is not there; {VARIABLE} names its folder")
    return path
