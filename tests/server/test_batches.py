"""Batch requests: each object is handled or rejected by itself, all in one request."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.waiting import LIMIT_SECONDS

NO_OP = b'{"analytic": "journeys/no-op", "inputs": {}, "parameters": {}}'
NONE = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def user(platform: PlatformProcess, tmp_path: Path) -> User:
    return User.create(platform, tmp_path)


def batch(user: User, noun: str, action: str, ids: list[str], **more: Any) -> requests.Response:
    body = {"action": action, "ids": ids, **more}
    return requests.post(f"{user.v1}/{noun}/batch", json=body, headers=user.headers, timeout=60)


def responses(user: User, noun: str, action: str, ids: list[str], **more: Any) -> dict[str, Any]:
    answer = batch(user, noun, action, ids, **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["responses"]
    return found


def get(user: User, path: str, noun: str) -> Any:
    return requests.get(f"{user.v1}/{path}", headers=user.headers, timeout=20).json()[noun]


def make_data(user: User) -> str:
    answer = requests.post(f"{user.v1}/data", files={"file": ("a.txt", b"a")}, headers=user.headers, timeout=20)
    return str(answer.json()["data"]["id"])


def make_job(user: User) -> str:
    form = {"job_name": "j", "auto_start": "false"}
    answer = requests.post(f"{user.v1}/jobs", data=form, files={"file": NO_OP}, headers=user.headers, timeout=20)
    return str(answer.json()["job"]["id"])


def test_responses_are_in_order_of_request(user):
    first, second = make_data(user), make_data(user)

    found = responses(user, "data", "details", [second, NONE, first, second])

    assert list(found) == [second, NONE, first]
    assert found[first] == {"success": True, "response": get(user, f"data/{first}", "data")}
    assert found[NONE]["success"] is False
    assert found[NONE]["error"]["code"] == 404
    assert NONE in found[NONE]["error"]["message"]
    assert set(found[NONE]) == {"success", "error"}


def test_data_lifetime_and_deletion_in_batch(user):
    kept, past, deleted = (make_data(user) for _ in range(3))
    before = get(user, f"data/{kept}", "data")["expiration_date"]

    assert responses(user, "data", "ttl", [kept], days="2.0") == {kept: {"success": True}}
    assert responses(user, "data", "ttl", [past], expiration_date="2001-01-01") == {past: {"success": True}}
    assert responses(user, "data", "delete", [deleted, NONE])[deleted] == {"success": True}

    records = get(user, "data/list", "data")
    assert [record["id"] for record in records] == [kept]
    assert records[0]["expiration_date"] > before


def test_job_actions_follow_their_states(user):
    jobs = [make_job(user) for _ in range(4)]
    archived, deleted, *started = jobs

    assert responses(user, "jobs", "archive", [archived])[archived]["success"]
    assert responses(user, "jobs", "delete", [deleted])[deleted]["success"]
    found = responses(user, "jobs", "start", jobs)

    assert [found[job]["success"] for job in jobs] == [False, False, True, True]
    assert "Unarchive it" in found[archived]["error"]["message"]
    assert found[archived]["error"]["code"] == 400
    assert found[deleted]["error"]["code"] == 404
    deadline = time.monotonic() + LIMIT_SECONDS
    while {get(user, f"jobs/{job}", "job")["state"] for job in started} != {"COMPLETE"}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    found = responses(user, "jobs", "kill", [archived, *started])
    assert [found[job]["error"]["code"] for job in found] == [400, 400, 400]
    assert responses(user, "jobs", "unarchive", [archived])[archived] == {"success": True}
    assert responses(user, "jobs", "ttl", started, days=-9999) == {job: {"success": True} for job in started}
    details = responses(user, "jobs", "details", started)
    assert all(details[job]["response"]["expired"] for job in started)
    found = responses(user, "jobs", "ttl", [*started, archived], days=1)
    assert [found[job]["success"] for job in found] == [False, False, True]


def test_applications_can_read_analytics_in_batch(platform, user, tmp_path):
    application = Application.create(platform, tmp_path)
    analytic = get(user, "analytics/list", "analytics")[0]
    body = {"action": "details", "ids": [analytic["id"], NONE]}

    answer = requests.post(f"{user.v1}/analytics/batch", json=body, headers=application.headers(), timeout=20)

    found = answer.json()["responses"]
    assert found[analytic["id"]]["response"]["name"] == analytic["name"]
    assert found[analytic["id"]]["response"]["is_image_to_video"] is False
    assert found[NONE]["error"]["code"] == 404


def test_facts_of_analytics_are_read_in_batch(user):
    names = {each["name"]: each["id"] for each in get(user, "analytics/list", "analytics")}
    tracks, detector = names["voxel51/object-tracks"], names["voxel51/onnx-detector"]

    found = responses(user, "analytics", "facts", [tracks, NONE, detector])

    assert found[NONE]["error"]["code"] == 404
    model = found[tracks]["response"]["model"]
    assert model["licence"] == "Apache-2.0"
    assert model["accuracy"].startswith("COCO mAP ")
    assert found[tracks]["response"]["can_try"] is True
    assert found[detector]["response"] == {"model": None, "cost": None, "latest_result": None, "can_try": False}


@pytest.mark.parametrize(
    ("noun", "action", "ids", "more", "said"),
    [
        ("data", "start", [], {}, "details, ttl, delete"),
        ("jobs", "run", [], {}, "'run'"),
        ("analytics", "delete", [], {}, "details, facts"),
        ("analytics", "facts", [f"x{number}" for number in range(101)], {}, "at most 100"),
        ("data", "ttl", [NONE], {}, "Either `days` or `expiration_date`"),
        ("jobs", "ttl", [NONE], {"days": "1", "expiration_date": "2030-01-01"}, "Either `days` or `expiration_date`"),
        ("jobs", "ttl", [NONE], {"days": "soon"}, "'soon'"),
        ("data", "delete", ["x"] * 10_001, {}, "10000"),
        ("data", "delete", [1], {}, "ids"),
        ("data", "delete", ["a\0b"], {}, "NUL"),
        ("data", "delete", "x", {}, "ids"),
    ],
)
def test_invalid_batch_is_rejected_as_a_whole(shared_user, noun, action, ids, more, said):
    answer = batch(shared_user, noun, action, ids, **more)

    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_empty_batch_has_no_responses(shared_user):
    assert responses(shared_user, "jobs", "start", []) == {}


def test_thousand_jobs_in_one_batch(user):
    with ThreadPoolExecutor(8) as threads:
        jobs = list(threads.map(lambda _: make_job(user), range(1000)))

    for action in ("archive", "details", "delete"):
        found = responses(user, "jobs", action, [*jobs, NONE])
        assert list(found) == [*jobs, NONE]
        assert [found[job]["success"] for job in jobs] == [True] * 1000
    assert responses(user, "jobs", "details", jobs[:1])[jobs[0]]["error"]["code"] == 404


def test_invalid_ids_are_not_found(shared_user):
    ids = ["", "' OR 1=1 --", "x" * 5000, "\U0001f4a9"]

    found = responses(shared_user, "data", "delete", ids)

    assert [found[identifier]["error"]["code"] for identifier in ids] == [404] * 4
