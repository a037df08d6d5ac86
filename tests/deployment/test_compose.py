"""compose.yaml, started by podman-compose: two API processes, a dispatcher, PostgreSQL, a store and a proxy."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support.deployment_tools import tool
from support.documentation_pages import ROOT
from support.podman import Podman
from support.video_samples import numbered_video
from support.waiting import wait_until
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

SERVICES = Path(__file__).parent / "services"
KINDS = ("store", "database", "proxy")


class Composed:
    """The services of compose.yaml in a folder, with secrets of their own."""

    def __init__(self, podman: Podman, folder: Path, images: dict[str, str]) -> None:
        self.podman, self.folder, self.port = podman, folder, free_port()
        shutil.copytree(ROOT / "deploy/compose", folder, dirs_exist_ok=True)
        settings = {"PUBLIC_URL": self.url, "PUBLISH": f"127.0.0.1:{self.port}", "SUBNET": "172.31.77.0/24", **images}
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        subprocess.run([folder / "create-secrets"], check=True, capture_output=True)

    @property
    def url(self) -> str:
        """The address of the proxy."""
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str) -> str:
        """Run podman-compose."""
        path = f"{tool('podman-compose').parent}:{os.environ['PATH']}"
        done = subprocess.run(
            [tool("podman-compose"), "--project-name=voxel51", *arguments], cwd=self.folder, capture_output=True,
            text=True, check=False, env={**os.environ, **self.podman.environment, "PATH": path},
        )  # fmt: skip
        assert done.returncode == 0, f"podman-compose {arguments}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout

    def execute(self, service: str, *command: str) -> str:
        """Run a command in the container of a service."""
        return self.podman.run("exec", f"voxel51_{service}_1", *command)

    def is_ready(self) -> bool:
        """Return whether the platform answers, at the proxy, that it is ready."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=10).status_code == 200
        except requests.RequestException:
            return False

    def logs(self) -> str:
        """Return the last lines of all services."""
        names = self.podman.run("ps", "--all", "--format={{.Names}}").split()
        return "\n".join(f"== {name}\n{self.podman.run('logs', '--tail=5', name)}" for name in names)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def images(
    podman: Podman, debian: str, platform_image: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The variables of compose.yaml that name images."""
    context = shutil.copytree(SERVICES, tmp_path_factory.mktemp("services") / "context")
    shutil.copy(Path(sys.executable).with_name("weed"), context / "weed")
    store = podman.build(context, "localhost/test-store:latest", {"BASE": debian}, "--target=store")
    found = {"STORE_IMAGE": store, "VOXEL51_IMAGE": platform_image}
    thin = (context / "Dockerfile").read_text().split("\n\n")[1:]
    for name, lines in zip(("DATABASE_IMAGE", "PROXY_IMAGE"), thin, strict=True):
        folder = tmp_path_factory.mktemp("thin")
        (folder / "Dockerfile").write_text(lines.replace("FROM store", f"FROM {store}"))
        found[name] = podman.build(folder, f"localhost/test-{name.lower().replace('_', '-')}:latest", {})
    return found


@pytest.fixture(scope="module")
def composed(podman: Podman, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    built = Composed(podman, tmp_path_factory.mktemp("compose"), images)
    built.compose("up", "--detach")
    try:
        wait_until(built.is_ready, built.logs)
        yield built
    finally:
        built.compose("down", "--volumes", "--timeout=5")


def test_jobs_run_while_an_api_process_is_killed(composed: Composed, tmp_path: Path) -> None:
    composed.execute("api-1", "voxel51", "server", "user", "create", "alice", "--token", "/tmp/token.json")
    token = tmp_path / "token.json"
    token.write_text(composed.execute("api-1", "cat", "/tmp/token.json"))
    with API(Token.from_json(str(token))) as api:
        video = api.upload_data(str(numbered_video(tmp_path / "video.mp4", frames=500)))
        composed.podman.run("kill", "voxel51_api-1_1")
        request = JobRequest("voxel51/video-quality")
        request.set_input("video", data_id=video["id"])
        job = api.upload_job_request(request, "composed", auto_start=True)
        wait_until(lambda: api.get_job_state(job["id"]) in {"COMPLETE", "FAILED"}, composed.logs)
        assert api.get_job_state(job["id"]) == "COMPLETE", composed.logs()
        labels = tmp_path / "labels.json"
        api.download_job_output(job["id"], str(labels))
    assert json.loads(labels.read_text())


def test_jobs_of_the_dispatcher_run_in_the_sandbox_of_namespaces(composed: Composed) -> None:
    found = json.loads(composed.execute("dispatcher", "voxel51", "server", "doctor", "--json"))

    isolation = next(each for each in found if each["subject"] == "isolation")
    assert isolation["text"].startswith("namespaces: ")


@pytest.mark.parametrize("service", ["api-2", "dispatcher"])
def test_processes_have_no_privileges_and_write_to_their_volume_only(composed: Composed, service: str) -> None:
    status = composed.execute(service, "cat", "/proc/self/status")

    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    tried = composed.execute(
        service, "sh", "-c", "for f in /usr/x /etc/x /opt/x /data/x; do touch $f 2>/dev/null && echo $f; done; true"
    )
    assert tried.split() == ["/data/x"]


def test_secrets_are_created_once_and_hidden(composed: Composed) -> None:
    secrets = composed.folder / "secrets"
    before = {path.name: path.read_bytes() for path in secrets.iterdir()}

    subprocess.run([composed.folder / "create-secrets"], check=True, capture_output=True)

    assert {path.name: path.read_bytes() for path in secrets.iterdir()} == before
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert len(before["secret-key"]) == 32
    environment = composed.podman.run("inspect", "voxel51_api-2_1", "voxel51_database_1")
    assert before["database-password"].decode() not in environment
