"""Container engines for tests: Podman's service and Docker's daemon, each with storage of its own and really run.

`engine_url` is a fixture of a session with both as parameters; what a test run leaves in them goes with their folders.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.podman import Podman
from support.requirements import require_program, skip_except_in_ci
from support.waiting import wait_until

PODMAN, DOCKER = "podman", "docker"
_DOCKER_SECONDS = 30


@contextmanager
def podman_service(podman: Podman) -> Iterator[str]:
    """Run Podman's service within the block, and yield its URL."""
    path = podman.folder / "service.sock"
    command = ["podman", "system", "service", "--time=0", f"unix://{path}"]
    service = subprocess.Popen(command, env={**os.environ, **podman.environment}, stderr=subprocess.DEVNULL)
    try:
        wait_until(path.is_socket, "Podman's service did not start")
        yield f"unix://{path}"
    finally:
        _end(service)
        path.unlink(missing_ok=True)


@contextmanager
def docker_daemon() -> Iterator[str]:
    """Run a Docker daemon within the block, and yield its URL."""
    require_program("dockerd", "docker.io")
    if os.geteuid() != 0:
        skip_except_in_ci("containers are tested by root")
    folder = Path(tempfile.mkdtemp(prefix="voxel51-docker-"))
    path, log = folder / "docker.sock", folder / "log"
    command = [
        "dockerd", f"--host=unix://{path}", f"--data-root={folder}/data", f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid", "--bridge=none", "--iptables=false", "--ip6tables=false", "--userland-proxy=false",
    ]  # fmt: skip
    with log.open("wb") as output:
        daemon = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_until(lambda: _listens(path) or daemon.poll() is not None, "the Docker daemon did not start")
        assert daemon.poll() is None, log.read_text()[-2000:]
        yield f"unix://{path}"
    finally:
        _end(daemon)
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in sorted((each for each in mounts if Path(each).is_relative_to(folder)), reverse=True):
            subprocess.run(["umount", mount], check=True)
        shutil.rmtree(folder)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_DOCKER_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session", params=[PODMAN, DOCKER])
def engine_url(request: pytest.FixtureRequest, podman: Podman) -> Iterator[str]:
    """The URL of a container engine: Podman's, then Docker's."""
    with podman_service(podman) if request.param == PODMAN else docker_daemon() as url:
        yield url
