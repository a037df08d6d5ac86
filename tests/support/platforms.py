"""How the tests run platforms: with the journeys' analytics beside the built-in ones, and leaving nothing behind."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from demo.platform_process import PlatformProcess
from support.leftover_processes import Family

INSTALLED = Path(__file__).parents[1] / "journeys" / "installed"
"""What a test platform finds beside the built-in analytics, under the owner ``journeys``."""

NO_OP = "journeys/no-op"
PATIENT = "journeys/patient"
NUMBERS = "journeys/numbers"
DICTATED = "journeys/dictated"

_SETTINGS = {
    "VOXEL51_SERVER_ADDRESS_FAILURES_PER_MINUTE": "0",
    "VOXEL51_SERVER_ACCOUNT_FAILURES_PER_MINUTE": "0",
    "VOXEL51_SERVER_CLEANUP_INTERVAL_SECONDS": "1",
}
"""Tests fail to say who they are all the time, from one address and for the same names, and some wait for what the
sweeper takes away."""


class StartPlatform(Protocol):
    """What the fixture ``start_platform`` gives."""

    def __call__(
        self, *arguments: str, folder: Path | None = None, environment: dict[str, str] | None = None
    ) -> PlatformProcess:
        """Start a platform of the test's own, with these options of ``voxel51 server start`` and variables."""


def new_platform(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> PlatformProcess:
    """A platform, not yet started, that finds the analytics of `INSTALLED`."""
    paths = os.pathsep.join(filter(None, [str(INSTALLED), os.environ.get("PYTHONPATH", "")]))
    return PlatformProcess(folder, *arguments, environment={**_SETTINGS, "PYTHONPATH": paths, **(environment or {})})


@contextmanager
def running(own: PlatformProcess) -> Iterator[PlatformProcess]:
    """Runs a platform while inside, and asserts at the end that it ended well and that no process of its is left."""
    own.start()
    try:
        yield own
    finally:
        if own.is_running():
            family = Family(own.pid)
            exit_code = own.stop()
            family.assert_gone()
            assert exit_code == 0, f"the platform ended with {exit_code}:\n{own.tail()}"
