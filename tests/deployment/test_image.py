"""The image of the platform in a confined container: no root, no capabilities, nothing to write to but its volume."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.podman import Podman
from support.video_samples import numbered_video
from support.waiting import wait_until
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

CONFINED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=all", "--security-opt=no-new-privileges")
UNMASKED = "--security-opt=systempaths=unconfined"


class Container:
    """A container of the image whose data is in a volume."""

    def __init__(self, podman: Podman, name: str) -> None:
        self._podman, self.name = podman, name

    def is_ready(self) -> bool:
        """Return whether the health check of the image succeeds."""
        return subprocess.run(
            ["podman", "healthcheck", "run", self.name], env={**os.environ, **self._podman.environment},
            capture_output=True, check=False,
        ).returncode == 0  # fmt: skip

    def wait_until_ready(self) -> None:
        wait_until(self.is_ready, lambda: self._podman.run("logs", self.name))

    def voxel51(self, *arguments: str) -> str:
        """Run the command ``voxel51`` in the container."""
        return self._podman.run("exec", self.name, "voxel51", *arguments)

    @property
    def url(self) -> str:
        """The address of the published port."""
        return f"http://{self._podman.run('port', self.name, '5151').strip()}"

    def api(self, folder: Path) -> API:
        """Return a client of a new user."""
        created = self.voxel51(
            "server", "user", "create", "alice", "--token", "/tmp/token.json", "--base-url", self.url
        )
        assert "Wrote a token" in created
        token = folder / "token.json"
        token.write_text(self._podman.run("exec", self.name, "cat", "/tmp/token.json"))
        return API(Token.from_json(str(token)))


@contextmanager
def container(podman: Podman, image: str, options: Sequence[str]) -> Iterator[Container]:
    name = podman.run("run", "--detach", "--publish=127.0.0.1::5151", *CONFINED, *options, image).strip()
    try:
        yield Container(podman, name)
    finally:
        podman.run("rm", "--force", "--time=0", "--volumes", name)


def isolation(podman: Podman, image: str, *options: str) -> dict[str, str]:
    """Return what the doctor says about the sandbox of jobs."""
    output = podman.run("run", "--rm", *CONFINED, *options, image, "server", "doctor", "--json")
    return next(each for each in json.loads(output) if each["subject"] == "isolation")


def test_jobs_run_in_the_sandbox_of_namespaces_and_a_stop_waits_for_them(
    podman: Podman, platform_image: str, tmp_path: Path
) -> None:
    with container(podman, platform_image, [UNMASKED]) as platform:
        platform.wait_until_ready()
        assert podman.run("exec", platform.name, "id", "--user").strip() == "10001"
        api = platform.api(tmp_path)
        video = api.upload_data(str(numbered_video(tmp_path / "video.mp4", frames=4000)))
        request = JobRequest("voxel51/video-quality")
        request.set_input("video", data_id=video["id"])

        job = api.upload_job_request(request, "short", auto_start=True)
        wait_until(lambda: api.get_job_state(job["id"]) == "RUNNING")
        podman.run("stop", "--time=60", platform.name)
        assert podman.run("inspect", platform.name, "--format={{.State.ExitCode}}").strip() == "0"

        podman.run("start", platform.name)
        platform.wait_until_ready()
        assert api.get_job_state(job["id"]) == "COMPLETE"


@pytest.mark.parametrize(
    ("options", "kind"),
    [([UNMASKED], "namespaces"), ([], "landlock"), (["--user=0", "--env=VOXEL51_SERVER_DIR=/tmp/data"], "landlock")],
)  # fmt: skip
def test_the_doctor_says_what_confines_jobs(podman: Podman, platform_image: str, options: list[str], kind: str) -> None:
    found = isolation(podman, platform_image, *options)

    assert found["text"].startswith(f"{kind}: ")
    assert kind == "namespaces" or "systempaths=unconfined" in found["advice"]


def test_the_image_has_neither_the_index_of_the_build_nor_pip(podman: Podman, platform_image: str) -> None:
    script = (
        "find / -xdev -name 'pip.conf' -o -xdev -name pip -path '*site-packages*' 2>/dev/null; ls /run/secrets || true"
    )
    found = podman.run("run", "--rm", "--entrypoint=sh", platform_image, "-c", script)

    assert "/etc/pip.conf" not in found
    assert "/opt/voxel51" not in found
