import subprocess
import sys
import time

import pytest


def run(script: str) -> str:
    result = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    return result.stdout.strip()


def test_importing_the_client_sets_up_no_logging() -> None:
    script = "import logging, voxel51.users.api, voxel51.users.logging; print(logging.getLogger().handlers)"

    assert run(script) == "[]"


@pytest.mark.alone
def test_importing_the_client_is_quick() -> None:
    """The best of three runs counts, because the machine may be busy."""
    bare = min(timed("pass") for _ in range(3))
    client = min(timed("import voxel51.users.api") for _ in range(3))

    assert client - bare < 0.15


def timed(script: str) -> float:
    started = time.perf_counter()
    run(script)
    return time.perf_counter() - started
