"""The wheels, run by uvx and pipx without an environment made before: the platform starts and runs a job."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from ci.conftest import EVERYTHING_IMPORTS
from support.video_samples import numbered_video
from support.waiting import wait_until
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

UV = Path(sys.executable).with_name("uv")


@contextmanager
def started(command: list[str | Path], folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a platform within the block, and yield its URL."""
    log = folder / "log"
    variables = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    variables |= {"VOXEL51_SERVER_DIR": str(folder / "data"), "VOXEL51_SERVER_PORT": "0", "HOME": str(folder)}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, env=variables | environment)
    url = ""

    def is_ready() -> bool:
        nonlocal url
        assert process.poll() is None, log.read_text()[-4000:]
        url = next((line.split()[-1] for line in log.read_text().splitlines() if line.startswith("The platform")), "")
        return bool(url) and requests.get(f"{url}/readyz", timeout=30).status_code == 200

    try:
        wait_until(is_ready, log.read_text)
        yield url
    finally:
        process.terminate()
        assert process.wait(60) == 0, log.read_text()[-4000:]


def run_a_job(url: str, folder: Path, voxel51: list[str | Path], environment: dict[str, str]) -> None:
    token = folder / "token.json"
    command = [*voxel51, "server", "user", "create", "alice", "--token", token, "--dir", folder / "data"]
    subprocess.run(command, check=True, cwd=folder, env={**os.environ, **environment}, capture_output=True)
    with API(Token.from_json(str(token))) as api:
        assert api.base_url.startswith(url)
        video = api.upload_data(str(numbered_video(folder / "video.mp4", frames=50)))
        request = JobRequest("voxel51/face-detection")  # needs the weights
        request.set_input("video", data_id=video["id"])
        job = api.upload_job_request(request, "job", auto_start=True)
        wait_until(lambda: api.get_job_state(job["id"]) in {"COMPLETE", "FAILED"})
        assert api.get_job_state(job["id"]) == "COMPLETE", api.get_job_details(job["id"])


def test_uvx_starts_the_laptop_edition(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    platform, weights = wheels
    voxel51: list[str | Path] = [UV, "tool", "run", "--with", weights, "--from", f"{platform}[all]", "voxel51"]
    environment = {"UV_TOOL_DIR": str(tmp_path / "tools")}

    with started([*voxel51, "server", "start"], tmp_path, environment) as url:
        run_a_job(url, tmp_path, voxel51, environment)


def test_pipx_installs_the_laptop_edition(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    platform, weights = wheels
    home = {"PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(tmp_path / "bin"), "PIPX_MAN_DIR": str(tmp_path)}
    pipx = [UV, "tool", "run", "pipx"]
    for arguments in (["install", "--quiet", f"{platform}[all]"], ["inject", "voxel51-platform", str(weights)]):
        done = subprocess.run(
            [*pipx, *arguments], env={**os.environ, **home}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-4000:]
    python = tmp_path / "pipx" / "venvs" / "voxel51-platform" / "bin" / "python"
    subprocess.run([python, "-c", EVERYTHING_IMPORTS], check=True, cwd=tmp_path)
    voxel51: list[str | Path] = [tmp_path / "bin" / "voxel51"]

    with started([*voxel51, "server", "start"], tmp_path, home) as url:
        run_a_job(url, tmp_path, voxel51, home)
