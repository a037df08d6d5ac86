"""Composed services: the files of deploy/compose, started by podman-compose."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from support.deployment_tools import tool
from support.documentation_pages import ROOT
from support.podman import Podman
from support.waiting import wait_until
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest


class Composed:
    """Services of files in deploy/compose, in a folder, with secrets of their own."""

    def __init__(self, podman: Podman, folder: Path, images: Mapping[str, str], *files: str) -> None:
        self.podman, self.folder, self.port = podman, folder, _free_port()
        self._files = [f"--file={name}" for name in ("compose.yaml", *files)]
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
            [tool("podman-compose"), "--project-name=voxel51", *self._files, *arguments], cwd=self.folder,
            capture_output=True, text=True, check=False, env={**os.environ, **self.podman.environment, "PATH": path},
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

    def api(self, folder: Path) -> API:
        """Return a client of a new user."""
        self.execute("api-1", "voxel51", "server", "user", "create", "alice", "--token", "/tmp/token.json")
        token = folder / "token.json"
        token.write_text(self.execute("api-1", "cat", "/tmp/token.json"))
        return API(Token.from_json(str(token)))

    def run_job(self, api: API, video: Path, while_it_waits: Callable[[], object]) -> dict[str, Any]:
        """Run video-quality on ``video``, with a call between upload and submission; return its labels."""
        data = api.upload_data(str(video))
        while_it_waits()
        request = JobRequest("voxel51/video-quality")
        request.set_input("video", data_id=data["id"])
        job = api.upload_job_request(request, "composed", auto_start=True)
        wait_until(lambda: api.get_job_state(job["id"]) in {"COMPLETE", "FAILED"}, self.logs)
        assert api.get_job_state(job["id"]) == "COMPLETE", self.logs()
        path = video.with_suffix(".json")
        api.download_job_output(job["id"], str(path))
        labels: dict[str, Any] = json.loads(path.read_text())
        return labels


@contextmanager
def composed_services(podman: Podman, folder: Path, images: Mapping[str, str], *files: str) -> Iterator[Composed]:
    """Start the services, until the platform is ready, and stop them at the end."""
    built = Composed(podman, folder, images, *files)
    built.compose("up", "--detach")
    try:
        wait_until(built.is_ready, built.logs)
        yield built
    finally:
        built.compose("down", "--volumes", "--timeout=5")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
