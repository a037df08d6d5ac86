"""Import time of the client, beside that of `requests`, which the original client imported.

Each run starts two interpreters in turn and subtracts the start of one that imports nothing.
"""

import subprocess
import sys
import time

from benchmarks.support.figures import Figure

RUNS = 9


def measure() -> list[Figure]:
    """Return seconds that each import adds to the start of an interpreter."""
    ours, other = [], []
    for _ in range(RUNS):
        bare = _seconds("pass")
        ours.append(_seconds("import voxel51.users.api") - bare)
        other.append(_seconds("import requests") - bare)
    return [Figure("import of voxel51.users.api", "s", ours, "import requests", other, "≤ 1.5")]


def _seconds(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started
