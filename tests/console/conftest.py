"""Fixtures of the console: a platform with open sign-up, users, and visits with a real browser."""

import itertools
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from demo.platform_process import PlatformProcess
from support.browsers import Person, Visit, running_browser, visiting
from support.platforms import new_platform, running

ENVIRONMENT = {
    "VOXEL51_SERVER_SIGN_UP": "open",
    "VOXEL51_SERVER_EMBED_ORIGINS": "http://127.0.0.1:*",
    "VOXEL51_SERVER_BUNDLE_DEPLOYERS": "members",
}

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    """Run one platform for all tests of the console; each test has its own user."""
    folder = tmp_path_factory.mktemp("platform") / "data"
    recordings = folder.with_name("recordings")
    recordings.mkdir()
    sources = {"VOXEL51_SERVER_USER_SOURCE_LOCATIONS": str(recordings)}
    with running(new_platform(folder, environment={**ENVIRONMENT, **sources})) as shared:
        yield shared


@pytest.fixture(scope="session")
def operator(platform: PlatformProcess) -> Person:
    """The operator: the first account of the platform."""
    return Person.sign_up(platform, "olivia")


@pytest.fixture
def person(platform: PlatformProcess, operator: Person) -> Person:
    """A new user without videos or jobs."""
    return Person.sign_up(platform, f"person-{next(_numbers)}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with running_browser() as chromium:
        yield chromium


@pytest.fixture
def visit(browser: Browser, platform: PlatformProcess, person: Person) -> Iterator[Visit]:
    """A visit of ``person``, signed in."""
    with visiting(browser, platform, person) as one:
        yield one


@pytest.fixture
def operator_visit(browser: Browser, platform: PlatformProcess, operator: Person) -> Iterator[Visit]:
    """A visit of the operator, signed in."""
    with visiting(browser, platform, operator) as one:
        yield one


@pytest.fixture
def stranger(browser: Browser, platform: PlatformProcess, operator: Person) -> Iterator[Visit]:
    """A visit without a session."""
    with visiting(browser, platform, None) as one:
        yield one
