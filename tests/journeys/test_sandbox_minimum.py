"""A required sandbox: where the machine does not offer it, no job runs, and everybody is told why."""

import json

import requests

from support.accounts import User
from support.platforms import NO_OP, StartPlatform


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
    status = requests.get(f"{user.v1}/status/all", headers=user.headers, timeout=30).json()["statuses"]["jobs"]
    assert (status["operational"], "is required" in status["message"]) == (False, True)


def test_status_names_the_sandbox_in_force(platform, shared_user: User) -> None:
    status = requests.get(f"{shared_user.v1}/status/all", headers=shared_user.headers, timeout=30).json()

    assert "in the sandbox '" in status["statuses"]["jobs"]["message"]
