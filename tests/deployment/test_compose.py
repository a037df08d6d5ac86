"""compose.yaml, started by podman-compose: two API processes, a dispatcher, PostgreSQL, a store and a proxy."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.composed_services import Composed, composed_services
from support.podman import Podman
from support.video_samples import numbered_video

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def composed(podman: Podman, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    with composed_services(podman, tmp_path_factory.mktemp("compose"), images) as services:
        yield services


def test_jobs_run_while_an_api_process_is_killed(composed: Composed, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "video.mp4", frames=500)
    with composed.api(tmp_path) as api:
        labels = composed.run_job(api, video, lambda: composed.podman.run("kill", "voxel51_api-1_1"))
    assert labels


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
