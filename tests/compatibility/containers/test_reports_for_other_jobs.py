"""Hostile image on a real platform: with the credential of its own job, it reports for the job of another user."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.image_uploads import ended_job, file_of, job_of, upload_image
from support.podman import Podman
from support.submissions import post_job
from support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

MANIFEST = {
    "info": {"name": "any", "version": "1.0", "description": "d", "supports_cpu": True, "supports_gpu": False},
    "inputs": [],
    "parameters": [],
    "outputs": [],
    "zip_outputs": False,
}

WAIT = "import time\ntime.sleep(900)\n"

REPORT = """
import json, os, urllib.error, urllib.request

base, token, own = (os.environ[name] for name in ("API_BASE_URL", "API_TOKEN", "JOB_ID"))
other = "%s"
part = json.dumps({"frames": {}}).encode()
tries = [
    ("POST", "begin", b""), ("PUT", "state", b'{"state": "COMPLETE"}'), ("POST", "finish", b'{"state": "COMPLETE"}'),
    ("POST", "metadata", b'{"frame_count": 1}'), ("GET", "url/data", None), ("GET", "url/status", None),
    ("GET", "url/logfile", None), ("GET", "url/output", None), ("PUT", "partial/1", part), ("GET", "checkpoint", None),
    ("PUT", "checkpoint", part), ("GET", "output", None), ("GET", "log", None), ("GET", "status", None),
    ("PUT", "kill", b""), ("DELETE", "", None),
]

def status_of(job, method, path, body):
    headers = {"X-Voxel51-Agent": token, "Authorization": "Bearer " + token, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{base}/jobs/{job}/{path}".rstrip("/"), body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code

print("OWN", status_of(own, "GET", "url/output", None))
print("OTHER", json.dumps({f"{method} {path}": status_of(other, method, path, body) for method, path, body in tries}))
"""


Upload = Callable[[User, str, str], str]


@pytest.fixture
def upload(podman: Podman, light_base: str, tmp_path: Path) -> Upload:
    """A function that uploads an image with this program, and returns the name of its analytic."""

    def build_and_upload(user: User, name: str, program: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "main.py").write_text(program)
        (folder / "Dockerfile").write_text('ARG BASE\nFROM ${BASE}\nCOPY main.py /\nCMD ["python", "/main.py"]\n')
        tag = podman.build(folder, f"localhost/{name}:latest", {"BASE": light_base})
        return upload_image(user, MANIFEST, podman.save(tag, folder / "image.tar"))["name"]

    return build_and_upload


def test_an_image_cannot_report_for_the_job_of_another_user(
    container_platform: PlatformProcess, upload: Upload, tmp_path: Path
) -> None:
    victim, intruder = (User.create(container_platform, tmp_path) for _ in range(2))
    victims = post_job(victim.v1, victim.headers, upload(victim, "waits", WAIT))
    wait_until(lambda: job_of(victim, victims)["state"] != "QUEUED")
    before = job_of(victim, victims)

    own = post_job(intruder.v1, intruder.headers, upload(intruder, "reports", REPORT % victims))
    ended_job(intruder, own)
    wait_until(lambda: file_of(intruder, own, "log").status_code == 200)

    said = dict(line.split(" ", 1) for line in file_of(intruder, own, "log").text.splitlines() if " " in line)
    assert said["OWN"] == "200"  # its credential is valid, for its own job
    statuses = json.loads(said["OTHER"])
    assert len(statuses) == 16
    assert {path: status for path, status in statuses.items() if status not in {401, 403, 404}} == {}
    assert job_of(victim, victims) == before
    requests.put(f"{victim.v1}/jobs/{victims}/kill", headers=victim.headers, timeout=60)
    assert ended_job(victim, victims)["failure_type"] == "USER"
