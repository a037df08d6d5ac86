"""Full disk: requests are answered with 507, jobs wait in the queue, and the platform recovers once there is space."""

import json
import os
from pathlib import Path
from typing import Any

import requests

from support.accounts import User
from support.platforms import NO_OP, PATIENT, StartPlatform
from support.stored_files import orphans
from support.submissions import post_job
from support.waiting import LIMIT_SECONDS, wait_until

SETTINGS = {"VOXEL51_SERVER_DISK_RESERVE_BYTES": str(2**20), "VOXEL51_SERVER_CONCURRENCY": "2"}


def try_to_submit(user: User) -> requests.Response:
    files = {"file": ("job.json", json.dumps({"analytic": NO_OP, "inputs": {}, "parameters": {}}))}
    form = {"job_name": "job", "auto_start": "True"}
    return requests.post(f"{user.v1}/jobs", headers=user.headers, files=files, data=form, timeout=LIMIT_SECONDS)


def states(user: User) -> dict[str, str]:
    listed = requests.get(f"{user.v1}/jobs", headers=user.headers, json={}, timeout=LIMIT_SECONDS)
    return {job["id"]: job["state"] for job in listed.json()["jobs"]}


def status_of_jobs(user: User) -> dict[str, object]:
    answer = requests.get(f"{user.v1}/status/all", headers=user.headers, timeout=LIMIT_SECONDS)
    return dict(answer.json()["statuses"]["jobs"])


def fill(folder: Path) -> Path:
    """Write a file until the disk of ``folder`` has no byte left."""
    filler = folder / "filler"
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
    try:
        for size in (2**20, 4096, 1):
            try:
                while True:
                    os.write(descriptor, bytes(size))
            except OSError:
                continue
    finally:
        os.close(descriptor)
    return filler


def test_jobs_wait_for_space_and_requests_are_refused(
    start_platform: StartPlatform, small_disk: Path, tmp_path: Path
) -> None:
    own = start_platform(folder=small_disk / "data", environment=SETTINGS)
    user = User.create(own, tmp_path)
    post_job(user.v1, user.headers, PATIENT, seconds=2)
    wait_until(lambda: "RUNNING" in states(user).values())

    filler = fill(small_disk)
    submitted = try_to_submit(user)
    uploaded = requests.post(
        f"{user.v1}/data", headers=user.headers, files={"file": ("a.mp4", bytes(10**6))}, timeout=LIMIT_SECONDS
    )
    wait_until(lambda: not status_of_jobs(user)["operational"])

    assert (submitted.status_code, uploaded.status_code) == (507, 507), (submitted.text, uploaded.text)
    assert "disk" in submitted.json()["error"]["message"]
    assert "disk" in str(status_of_jobs(user)["message"])
    assert "FAILED" not in states(user).values()

    filler.unlink()
    for _ in range(3):
        post_job(user.v1, user.headers, NO_OP)

    wait_until(lambda: set(states(user).values()) == {"COMPLETE"}, lambda: f"{states(user)}\n{own.tail()}")
    wait_until(lambda: status_of_jobs(user)["operational"])
    assert "Traceback" not in own.log.read_text(), own.tail(100)
    own.stop()
    assert orphans(own.folder) == []


def test_what_takes_the_space_can_be_deleted(start_platform: StartPlatform, small_disk: Path, tmp_path: Path) -> None:
    own = start_platform(folder=small_disk / "data", environment=SETTINGS)
    user, reader = User.create(own, tmp_path), User.create(own, tmp_path)

    def ask(method: str, path: str, **given: Any) -> requests.Response:
        return requests.request(method, f"{user.v1}/{path}", headers=user.headers, timeout=LIMIT_SECONDS, **given)

    def upload(size: int) -> str:
        return str(ask("POST", "data", files={"file": ("a.mp4", os.urandom(size))}).json()["data"]["id"])

    kept, *deleted = [upload(5 * 10**6) for _ in range(4)]
    wait_until(lambda: own_spare_space(own.folder) > 0)
    fill(small_disk)

    read = requests.get(f"{reader.v1}/data", headers=reader.headers, timeout=LIMIT_SECONDS)
    first = ask("DELETE", f"data/{deleted[0]}")
    fill(small_disk)
    batch = {"action": "delete", "ids": deleted[1:]}
    second = ask("POST", "data/batch", json=batch)
    fill(small_disk)
    last = ask("PUT", f"data/{kept}/ttl", data={"days": "-1000"})

    assert read.status_code == 200, "the time of the first use of a token cannot be written, which does not matter"
    assert [each.status_code for each in (first, second, last)] == [204, 200, 204], (first.text, second.text, last.text)
    assert ask("GET", "data").json()["data"] == []
    assert orphans(own.folder) == []


def own_spare_space(folder: Path) -> int:
    path = folder / "spare-space"
    return path.stat().st_size if path.exists() else 0
