"""Test platforms: processes with the analytics of the journeys installed, and no leftover processes at their end."""

import atexit
import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from demo.platform_process import PlatformProcess
from support.databases import migrated_sqlite
from support.leftover_processes import Family

if TYPE_CHECKING:
    from support.postgresql import PostgreSQL

INSTALLED = Path(__file__).parents[1] / "journeys" / "installed"
"""Analytics that test platforms have in addition to the built-in ones, under the owner ``journeys``."""

NO_OP = "journeys/no-op"
PATIENT = "journeys/patient"
NUMBERS = "journeys/numbers"
STEADY = "journeys/steady"
DICTATED = "journeys/dictated"
SECRETIVE = "journeys/secretive"
CALLING = "journeys/calling"

_SETTINGS = {
    "VOXEL51_SERVER_ADDRESS_FAILURES_PER_MINUTE": "0",
    "VOXEL51_SERVER_ACCOUNT_FAILURES_PER_MINUTE": "0",
    "VOXEL51_SERVER_USER_BYTES": "0",
    "VOXEL51_SERVER_USER_RUNNING_JOBS": "0",
    "VOXEL51_SERVER_REQUESTS_PER_SECOND": "0",
    "VOXEL51_SERVER_CLEANUP_INTERVAL_SECONDS": "1",
    "VOXEL51_SERVER_IMPORT_SECONDS": "200",
    "VOXEL51_SERVER_PREPARE_RENDITIONS": "0",
    "VOXEL51_SERVER_PRELOAD": "journeys/*",
    "VOXEL51_SERVER_SPLIT_PART_SECONDS": "0",
    "VOXEL51_SERVER_CACHE_DIR": str(Path(__file__).parents[2] / ".cache" / "test-platforms"),
}
"""No limits on failed sign-ins, which tests cause from one address and for the same names; frequent cleanup, which some
tests wait for; no renditions in the background, which tests that count jobs and processes do not expect; the built-in
analytics imported only by their jobs, as most tests run none; parts of split jobs of any length; and one cache for all
platforms, so that the installed analytics are described once."""


class StartPlatform(Protocol):
    """The type of the fixture ``start_platform``."""

    def __call__(
        self, *arguments: str, folder: Path | None = None, environment: dict[str, str] | None = None
    ) -> PlatformProcess:
        """Start a platform for this test, with these options of ``voxel51 server start`` and variables."""


WORKERS = os.environ.get("PLATFORM_WORKERS", "")
"""Number of processes that serve requests on each test platform, which then uses PostgreSQL: for ``processes-test``."""


@functools.cache
def _server_of_workers() -> "PostgreSQL":
    """Return a PostgreSQL server that runs until this process ends."""
    from support.postgresql import running_postgresql

    running = running_postgresql()
    server = running.__enter__()
    atexit.register(running.__exit__, None, None, None)
    return server


def new_platform(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> PlatformProcess:
    """Return a platform, not yet started, with the analytics of `INSTALLED`."""
    if WORKERS and "VOXEL51_SERVER_DATABASE_URL" not in (environment or {}):
        arguments = (*arguments, "--workers", WORKERS)
        environment = {**(environment or {}), "VOXEL51_SERVER_DATABASE_URL": _server_of_workers().database()}
    paths = os.pathsep.join(filter(None, [str(INSTALLED), os.environ.get("PYTHONPATH", "")]))
    return PlatformProcess(folder, *arguments, environment={**_SETTINGS, "PYTHONPATH": paths, **(environment or {})})


def _migrate(own: PlatformProcess) -> None:
    """Give a new platform on SQLite a database with the tables, copied: to run all migrations takes a second."""
    if "VOXEL51_SERVER_DATABASE_URL" not in own.environment and not own.folder.exists():
        own.folder.mkdir(mode=0o700, parents=True)
        (own.folder / "platform.sqlite").touch(mode=0o600)  # as the platform creates it
        migrated_sqlite(own.folder / "platform.sqlite")


@contextmanager
def running(own: PlatformProcess) -> Iterator[PlatformProcess]:
    """Run a platform inside the block. At the end, assert that it exits with 0 and leaves no process."""
    _migrate(own)
    own.start()
    try:
        yield own
    finally:
        if own.is_running():
            family = Family(own.pid)
            exit_code = own.stop()
            family.assert_gone()
            assert exit_code == 0, f"the platform ended with {exit_code}:\n{own.tail()}"
