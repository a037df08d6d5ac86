"""Images on a real platform: uploaded as old clients do, run by Podman, cancelled, and lost with the platform."""

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.documentation_pages import ROOT
from support.image_uploads import ended_job, file_of, job_of, record_of, upload_image
from support.platforms import StartPlatform
from support.podman import Podman
from support.submissions import post_data, post_job
from support.video_samples import numbered_video
from support.waiting import wait_until
from voxel51.runners.containers.engine import ContainerEngine
from voxel51.runners.containers.runner import ATTEMPT_LABEL

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

_EXAMPLE = ROOT / "examples" / "original-sdk"
_WAITING = "import time\ntime.sleep(900)\n"


@pytest.fixture(scope="module")
def waiting_archive(podman: Podman, light_base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image that waits for a long time, without a report to the platform."""
    folder = tmp_path_factory.mktemp("waiting")
    (folder / "main.py").write_text(_WAITING)
    (folder / "Dockerfile").write_text('ARG BASE\nFROM ${BASE}\nCOPY main.py /\nCMD ["python", "/main.py"]\n')
    tag = podman.build(folder, "localhost/waiting:latest", {"BASE": light_base})
    return podman.save(tag, folder / "image.tar")


StartWithEngine = Callable[[], PlatformProcess]


@pytest.fixture
def start(start_platform: StartPlatform, podman_url: str, tmp_path: Path) -> StartWithEngine:
    settings = {"VOXEL51_SERVER_CONTAINER_ENGINE": podman_url}
    return lambda: start_platform(folder=tmp_path / "platform", environment=settings)


@pytest.fixture
def user(container_platform: PlatformProcess, tmp_path: Path) -> User:
    return User.create(container_platform, tmp_path)


@pytest.fixture
def video(user: User, tmp_path: Path) -> str:
    return post_data(user.v1, user.headers, numbered_video(tmp_path / "video.mp4", frames=10))


def a_manifest(name: str) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((_EXAMPLE / "manifest.json").read_text())
    manifest["info"]["name"] = name
    return manifest


@pytest.fixture
def no_containers(podman_url: str) -> None:
    """Wait until the containers of earlier tests are removed."""
    wait_until(lambda: not containers_of_attempts(podman_url))


def containers_of_attempts(podman_url: str) -> list[str]:
    engine = ContainerEngine(podman_url)
    engine.connect()
    try:
        return list(engine.containers(ATTEMPT_LABEL))
    finally:
        engine.close()


@pytest.mark.usefixtures("no_containers")
def test_cancelled_image_ends_and_leaves_its_log(
    user: User, video: str, waiting_archive: Path, podman_url: str
) -> None:
    record = upload_image(user, a_manifest("waiting"), waiting_archive)
    job_id = post_job(user.v1, user.headers, record["name"], data_id=video)
    wait_until(lambda: containers_of_attempts(podman_url))

    requests.put(f"{user.v1}/jobs/{job_id}/kill", headers=user.headers, timeout=60)

    assert (ended_job(user, job_id)["failure_type"]) == "USER"
    wait_until(lambda: not containers_of_attempts(podman_url))


def test_image_that_ends_without_a_report_fails_with_its_log(
    user: User, video: str, podman: Podman, light_base: str, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text('ARG BASE\nFROM ${BASE}\nCMD ["bash", "-c", "echo nothing to do"]\n')
    silent = podman.save(podman.build(tmp_path, "localhost/silent", {"BASE": light_base}), tmp_path / "silent.tar")
    compressed = tmp_path / "silent.tar.gz"
    with silent.open("rb") as source, gzip.open(compressed, "wb", compresslevel=1) as target:
        shutil.copyfileobj(source, target)

    record = upload_image(user, a_manifest("silent"), compressed)
    job_id = post_job(user.v1, user.headers, record["name"], data_id=video)

    job = ended_job(user, job_id)
    assert (job["state"], job["failure_type"]) == ("FAILED", "ANALYTIC")
    wait_until(lambda: file_of(user, job_id, "log").status_code == 200)
    assert file_of(user, job_id, "log").content == b"nothing to do\n"


def test_image_that_cannot_be_started_fails_with_the_reason(
    user: User, video: str, podman: Podman, light_base: str, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text('ARG BASE\nFROM ${BASE}\nCMD ["no-such-program"]\n')
    broken = podman.save(podman.build(tmp_path, "localhost/broken", {"BASE": light_base}), tmp_path / "broken.tar")

    record = upload_image(user, a_manifest("broken"), broken)
    job_id = post_job(user.v1, user.headers, record["name"], data_id=video)

    job = ended_job(user, job_id)
    assert (job["state"], job["failure_type"]) == ("FAILED", "ANALYTIC")
    answer = requests.get(f"{user.v1}/jobs/{job_id}/status", headers=user.headers, timeout=60)
    assert "no-such-program" in answer.json()["messages"][-1]["message"]


@pytest.mark.usefixtures("no_containers")
def test_job_runs_again_after_the_platform_was_killed(
    start: StartWithEngine, waiting_archive: Path, podman_url: str, tmp_path: Path
) -> None:
    platform = start()
    user = User.create(platform, tmp_path)
    video = post_data(user.v1, user.headers, numbered_video(tmp_path / "video.mp4", frames=10))
    record = upload_image(user, a_manifest("waiting"), waiting_archive)
    job_id = post_job(user.v1, user.headers, record["name"], data_id=video)
    wait_until(lambda: containers_of_attempts(podman_url))
    before = containers_of_attempts(podman_url)

    platform.kill()
    again = start()
    wait_until(lambda: set(containers_of_attempts(podman_url)) - set(before))

    assert not set(containers_of_attempts(podman_url)) & set(before)
    later = User(user.name, user.token, user.key, f"{again.url}/v1")
    assert job_of(later, job_id)["state"] in {"SCHEDULED", "RUNNING"}
    requests.put(f"{later.v1}/jobs/{job_id}/kill", headers=later.headers, timeout=60)
    assert ended_job(later, job_id)["failure_type"] == "USER"


def test_images_are_refused_with_the_reason_where_no_engine_runs(
    start_platform: StartPlatform, waiting_archive: Path, tmp_path: Path
) -> None:
    away = f"unix://{tmp_path}/away.sock"
    platform = start_platform(environment={"VOXEL51_SERVER_CONTAINER_ENGINE": away})
    user = User.create(platform, tmp_path)

    record = upload_image(user, a_manifest("waiting"), waiting_archive)

    assert f"the container engine at {away} does not answer" in record["unavailable_reason"]
    assert record_of(user, record["id"])["unavailable_reason"] == record["unavailable_reason"]
    document = json.dumps({"analytic": record["name"], "inputs": {}, "parameters": {}})
    files = {"file": ("job.json", document, "application/json")}
    answer = requests.post(f"{user.v1}/jobs", headers=user.headers, files=files, data={"job_name": "a"}, timeout=60)
    assert answer.status_code == 400
    assert "containers cannot be run" in answer.json()["error"]["message"]


def test_doctor_names_the_engine(podman_url: str, tmp_path: Path) -> None:
    command = [Path(sys.executable).with_name("voxel51"), "server", "doctor"]
    settings = {"VOXEL51_SERVER_CONTAINER_ENGINE": podman_url, "VOXEL51_SERVER_DIR": str(tmp_path / "platform")}

    said = subprocess.run(command, env={"PATH": "/usr/bin", **settings}, capture_output=True, text=True, check=False)

    line = next(line for line in said.stdout.splitlines() if "containers" in line and "Podman" in line)
    assert podman_url in line
