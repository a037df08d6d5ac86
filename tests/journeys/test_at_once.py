"""Concurrent requests: of many equal ones exactly one takes effect, and all get a correct response."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.platforms import NO_OP
from support.submissions import submit
from support.waiting import LIMIT_SECONDS
from voxel51.users.api import API
from voxel51.users.auth import Token

THREADS = 16


def all_at_once(user: User, actions: list[tuple[str, str]]) -> Counter[int]:
    """Send ``(method, path)`` requests at the same moment; return their statuses."""
    barrier = Barrier(len(actions))

    def ask(action: tuple[str, str]) -> int:
        barrier.wait(LIMIT_SECONDS)
        return requests.request(action[0], user.v1 + action[1], headers=user.headers, timeout=LIMIT_SECONDS).status_code

    with ThreadPoolExecutor(len(actions)) as threads:
        return Counter(threads.map(ask, actions))


def submit_unstarted(user: User) -> str:
    with API(token=Token.from_json(str(user.token))) as api:
        return submit(api, NO_OP, start=False)


def test_one_of_many_concurrent_starts_succeeds(shared_user: User) -> None:
    job_id = submit_unstarted(shared_user)

    assert all_at_once(shared_user, [("PUT", f"/jobs/{job_id}/start")] * THREADS) == {204: 1, 400: THREADS - 1}
    with API(token=Token.from_json(str(shared_user.token))) as api:
        api.wait_until_job_completes(job_id, sleep_time=0.1, max_wait_time=60)


def test_one_of_many_concurrent_deletions_succeeds(shared_user: User) -> None:
    job_id = submit_unstarted(shared_user)

    statuses = all_at_once(shared_user, [("DELETE", f"/jobs/{job_id}")] * THREADS)

    assert statuses[204] == 1
    assert set(statuses) <= {204, 400, 404}
    assert (
        requests.get(f"{shared_user.v1}/jobs/{job_id}", headers=shared_user.headers, timeout=LIMIT_SECONDS).status_code
        == 404
    )


def test_concurrent_operations_leave_a_job_in_one_state(shared_user: User) -> None:
    verbs = ["start", "kill", "archive", "unarchive"]
    for _ in range(5):
        job_id = submit_unstarted(shared_user)

        statuses = all_at_once(shared_user, [("PUT", f"/jobs/{job_id}/{verb}") for verb in verbs * 4])

        assert set(statuses) <= {204, 400}, statuses
        with API(token=Token.from_json(str(shared_user.token))) as api:
            if api.get_job_state(job_id) not in {"READY", "FAILED"}:
                api.wait_until_job_completes(job_id, sleep_time=0.1, max_wait_time=60)
            job = api.get_job_details(job_id)
        assert (job["failure_type"] == "USER") == (job["state"] == "FAILED")
        assert (job["completion_date"] is None) == (job["state"] != "COMPLETE")


def test_users_can_be_created_while_the_platform_is_busy(
    platform: PlatformProcess, shared_user: User, tmp_path: Path
) -> None:
    def upload(number: int) -> int:
        files = {"file": (f"{number}.bin", bytes(100_000))}
        return requests.post(
            f"{shared_user.v1}/data", headers=shared_user.headers, files=files, timeout=LIMIT_SECONDS
        ).status_code

    with ThreadPoolExecutor(THREADS) as threads:
        uploads = threads.map(upload, range(100))
        users = list(threads.map(lambda _: User.create(platform, tmp_path), range(2)))
        assert set(uploads) == {201}

    for user in users:
        assert requests.get(f"{user.v1}/data", headers=user.headers, timeout=LIMIT_SECONDS).status_code == 200
