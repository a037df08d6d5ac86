"""Shared fixtures: platforms, users and databases; and the marker of unit tests.

Modules of the platform are imported where a fixture needs them, so that unit tests start without them.
"""

import itertools
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.unit_tests import mark_unit_tests, pytest_ignore_collect
from support.xdist_locks import put_exclusive_tests_first, pytest_runtest_protocol, pytest_xdist_auto_num_workers

if TYPE_CHECKING:
    from demo.platform_process import PlatformProcess
    from support.accounts import User
    from support.platforms import StartPlatform
    from support.podman import Podman
    from support.postgresql import PostgreSQL
    from support.s3 import S3Server

__all__ = ["pytest_ignore_collect", "pytest_runtest_protocol", "pytest_xdist_auto_num_workers"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the unit tests, and put those that run alone first."""
    mark_unit_tests(items)
    put_exclusive_tests_first(items)


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[PlatformProcess]":
    """A running platform that all tests share. Tests that count records on it create users of their own."""
    from support.platforms import new_platform, running

    with running(new_platform(tmp_path_factory.mktemp("platform") / "data")) as shared:
        yield shared


@pytest.fixture(scope="session")
def podman() -> "Iterator[Podman]":
    """Podman with storage of its own, which all tests share. Skips the test where Podman cannot be used."""
    from support.podman import own_podman

    with own_podman() as own:
        yield own


@pytest.fixture(scope="session")
def light_base(podman: "Podman") -> str:
    """The tag of a base image for analytics that need the bare wheel."""
    from support.container_bases import base_image

    return base_image(podman)


@pytest.fixture(scope="session")
def sdk_base(podman: "Podman") -> str:
    """The tag of a base image for analytics that need the extra ``sdk`` (or ``labels``): NumPy, OpenCV and PyAV."""
    from support.container_bases import WITH_SDK, base_image

    return base_image(podman, WITH_SDK)


@pytest.fixture(scope="session")
def shared_user(platform: "PlatformProcess", tmp_path_factory: pytest.TempPathFactory) -> "User":
    """A user for tests that only read, or whose records may stand beside others."""
    from support.accounts import User

    return User.create(platform, tmp_path_factory.mktemp("shared-user"))


@pytest.fixture(scope="session")
def postgresql() -> "Iterator[PostgreSQL]":
    """A PostgreSQL server that all tests share; each test creates databases of its own."""
    from support.postgresql import running_postgresql

    with running_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def s3() -> "Iterator[S3Server]":
    """An S3 server that all tests share; each test has a folder of its own in the bucket."""
    from support.s3 import running_s3

    with running_s3() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once of each supported kind."""
    if request.param == "sqlite":
        from support.databases import migrated_sqlite

        return migrated_sqlite(tmp_path / "platform.sqlite")
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.database()


@pytest.fixture
def default_sigint() -> Iterator[None]:
    """Let SIGINT interrupt this process and its children: a shell without job control has background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def default_sighup() -> Iterator[None]:
    """Let SIGHUP end the children of this process: they inherit that it is ignored, for example from `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def start_platform(tmp_path: Path) -> "Iterator[StartPlatform]":
    """Start platforms of the test's own. Those still running at its end are stopped, and may leave no process."""
    from support.platforms import new_platform, running

    numbers = itertools.count(1)
    with ExitStack() as stack:

        def start(
            *arguments: str, folder: Path | None = None, environment: dict[str, str] | None = None
        ) -> "PlatformProcess":
            folder = folder or tmp_path / f"platform-{next(numbers)}"
            return stack.enter_context(running(new_platform(folder, *arguments, environment=environment)))

        yield start
