"""Real platforms for the tests: one shared by all, and as many of one's own as a test wants."""

import itertools
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.platforms import StartPlatform, a_platform, running
from support.postgresql import PostgreSQL, running_postgresql
from support.xdist_locks import pytest_collection_modifyitems, pytest_runtest_protocol, pytest_xdist_auto_num_workers
from voxel51.server.database.database import sqlite_url

__all__ = ["pytest_collection_modifyitems", "pytest_runtest_protocol", "pytest_xdist_auto_num_workers"]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    """A running platform that all tests share. Tests that count what is there make users of their own on it."""
    with running(a_platform(tmp_path_factory.mktemp("platform") / "data")) as shared:
        yield shared


@pytest.fixture(scope="session")
def shared_user(platform: PlatformProcess, tmp_path_factory: pytest.TempPathFactory) -> User:
    """A user for tests that only read or do not mind what else is there."""
    return User.create(platform, tmp_path_factory.mktemp("shared-user"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server that all tests share; each makes databases of its own."""
    with running_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without records, once of each kind that there is."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "platform.sqlite")
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.database()


@pytest.fixture
def heeding_ctrl_c() -> Iterator[None]:
    """Ctrl-C interrupts, here and in what is started: a shell without jobs has what it starts with ``&`` ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def start_platform(tmp_path: Path) -> Iterator[StartPlatform]:
    """Starts platforms of the test's own; whatever still runs at its end is stopped and must leave nothing."""
    numbers = itertools.count(1)
    with ExitStack() as stack:

        def start(
            *arguments: str, folder: Path | None = None, environment: dict[str, str] | None = None
        ) -> PlatformProcess:
            folder = folder or tmp_path / f"platform-{next(numbers)}"
            return stack.enter_context(running(a_platform(folder, *arguments, environment=environment)))

        yield start
