"""Assignment: scipy may become available after the module was imported, as in the job of a bundle."""

import subprocess
import sys

PROGRAM = """
import sys
import numpy as np
sys.modules["scipy"] = None  # as in an environment without it
from voxel51.platform.tracking import assignment
try:
    assignment.require_scipy()
except ModuleNotFoundError as error:
    print(error)
del sys.modules["scipy"]  # as when the packages of a bundle join the path
print([each.tolist() for each in assignment.assign(np.array([[0.1, 0.9], [0.8, 0.2]]))])
"""


def test_scipy_is_found_after_the_module_was_imported_without_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    refused, assigned = done.stdout.splitlines()
    assert "name voxel51-platform[tracking] among the dependencies of the bundle" in refused
    assert assigned == "[[0, 1], [1, 0]]"
