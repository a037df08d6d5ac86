import subprocess
import sys

from support.waiting import LIMIT_SECONDS


def run(script: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=LIMIT_SECONDS
    )
    return result.stdout.strip()


def test_importing_the_client_sets_up_no_logging() -> None:
    script = "import logging, voxel51.users.api, voxel51.users.logging; print(logging.getLogger().handlers)"

    assert run(script) == "[]"
