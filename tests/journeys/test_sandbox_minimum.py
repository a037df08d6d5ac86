"""Required sandbox: if the machine does not offer it, no job runs, and users and operators see the reason."""

import json
from typing import Any

import requests

from support.accounts import User
from support.platforms import NO_OP, StartPlatform
from support.waiting import wait_until


def status_of_jobs(user: User) -> dict[str, Any]:
    answer = requests.get(f"{user.v1}/status/all", headers=user.headers, timeout=30)
    status: dict[str, Any] = answer.json()["statuses"]["jobs"]
    return status


def test_jobs_are_refused_where_the_required_sandbox_is_missing(tmp_path, start_platform: StartPlatform) -> None:
    settings = {"VOXEL51_SERVER_SANDBOX": "none", "VOXEL51_SERVER_SANDBOX_MINIMUM": "landlock"}
    platform = start_platform(environment=settings)
    user = User.create(platform, tmp_path)
    request = {"analytic": NO_OP, "inputs": {}, "parameters": {}}

    answer = requests.post(
        f"{user.v1}/jobs",
        data={"job_name": "refused", "auto_start": "true"},
        files={"file": ("job.json", json.dumps(request).encode())},
        headers=user.headers,
        timeout=30,
    )

    assert answer.status_code == 503
    assert "the sandbox 'landlock' is required" in answer.json()["error"]["message"]
    wait_until(lambda: status_of_jobs(user)["operational"] is False)  # the dispatcher finds it out when it starts
    assert "is required" in status_of_jobs(user)["message"]


def test_status_names_the_sandbox_in_force(platform, shared_user: User) -> None:
    assert "in the sandbox '" in status_of_jobs(shared_user)["message"]
