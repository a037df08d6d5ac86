"""Real platforms for the tests: one shared by all, and as many of one's own as a test wants."""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from demo.platform_process import PlatformProcess
from leftovers import Family
from users import User

SAMPLES = Path(__file__).parent / "samples"

StartPlatform = Callable[..., PlatformProcess]


def samples_environment() -> dict[str, str]:
    """Environment in which a platform finds the sample analytics of ``tests/samples`` beside the built-in ones."""
    paths = [str(SAMPLES), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    """A running platform that all tests share: leave it as you found it, and make users of your own (`new_user`)."""
    shared = PlatformProcess(tmp_path_factory.mktemp("platform") / "data", environment=samples_environment())
    with running(shared) as platform:
        yield platform


@pytest.fixture
def start_platform(tmp_path: Path) -> Iterator[StartPlatform]:
    """Starts platforms of the test's own; whatever still runs at its end is stopped and must leave nothing."""
    numbers = itertools.count(1)
    with ExitStack() as stack:

        def start(*arguments: str, folder: Path | None = None, environment: dict[str, str] | None = None) -> PlatformProcess:
            folder = folder or tmp_path / f"platform-{next(numbers)}"
            own = PlatformProcess(folder, *arguments, environment={**samples_environment(), **(environment or {})})
            return stack.enter_context(running(own))

        yield start


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


@pytest.fixture
def new_user(platform: PlatformProcess, tmp_path: Path) -> Callable[[], User]:
    """Creates users on the shared platform, by the command that people use."""
    return lambda: User.create(platform, tmp_path)


@pytest.fixture(scope="session")
def shared_user(platform: PlatformProcess, tmp_path_factory: pytest.TempPathFactory) -> User:
    """A user for tests that only read or do not mind what else is there."""
    return User.create(platform, tmp_path_factory.mktemp("shared-user"))
