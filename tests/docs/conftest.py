"""Fixtures with the built documentation, and with what pages and notebooks need."""

import fcntl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.site import Site, read_site
from support.documentation_pages import DOCUMENTATION
from support.network_namespace import without_network
from support.platforms import new_platform, running
from support.postgresql import PostgreSQL
from support.walkthrough_fixtures import RECORDINGS, Provisions

_SLOW_MACHINE_SECONDS = 900


@pytest.fixture(scope="session")
def site() -> Site:
    """Build the site in the folder that the platform serves, without network access where the kernel supports that."""
    build = DOCUMENTATION / "build"
    build.mkdir(exist_ok=True)
    with (build / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes share one build
        done = subprocess.run(
            [*without_network(), "bash", str(DOCUMENTATION / "generate_docs.bash")],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SLOW_MACHINE_SECONDS,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), "the documentation is built without a word"
    return read_site(build / "html")


@pytest.fixture(scope="module")
def provisions(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Provisions]:
    folder = tmp_path_factory.mktemp("walkthroughs")

    def postgresql() -> PostgreSQL:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server

    environment = {
        "VOXEL51_SERVER_OUTBOUND_ALLOW": "127.0.0.1",
        "VOXEL51_SERVER_USER_SOURCE_LOCATIONS": str(folder / RECORDINGS),
    }
    own = new_platform(folder / "platform", environment=environment)
    with running(own):
        yield Provisions(own, folder, postgresql)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Extend the time limit of tests that may wait for the build."""
    for item in items:
        if "site" in getattr(item, "fixturenames", ()) and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(_SLOW_MACHINE_SECONDS))
