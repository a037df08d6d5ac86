"""The built documentation: once for all tests."""

import fcntl
import subprocess
from pathlib import Path

import pytest

from docs.site import Site, read_site
from support.documentation_pages import DOCUMENTATION
from support.network_namespace import without_network

_SLOW_MACHINE_SECONDS = 900


@pytest.fixture(scope="session")
def site() -> Site:
    """The site, built where the platform serves it from, without a network where the kernel lets us."""
    build = DOCUMENTATION / "build"
    build.mkdir(exist_ok=True)
    with (build / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run side by side, and one build is quicker than two
        done = subprocess.run(
            [*without_network(), "bash", str(DOCUMENTATION / "generate_docs.bash")],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SLOW_MACHINE_SECONDS,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), "the documentation is built without a word"
    return read_site(build / "html")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whichever test comes first waits for the build."""
    for item in items:
        if "site" in getattr(item, "fixturenames", ()) and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(_SLOW_MACHINE_SECONDS))
