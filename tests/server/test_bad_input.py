"""Invalid input of every kind gets a clear error, never a 500."""

import json
from typing import Any

import pytest
import requests

from support.accounts import User


def assert_refused(answer: requests.Response, *statuses: int) -> None:
    assert answer.status_code in statuses, answer.text
    assert answer.json()["error"]["code"] == answer.status_code
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("kind", ["data", "jobs", "analytics"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"search": "' + "|".join(["name"] * 5000) + '"}', id="5000 alternatives"),
        pytest.param('{"search": "' + ",".join(["name:a"] * 5000) + '"}', id="5000 terms"),
        pytest.param('{"search": "' + ",".join(["a"] * 300) + '"}', id="300 terms through every field"),
        pytest.param('{"search": "' + "x" * 60_000 + '"}', id="60000 characters"),
        pytest.param('{"search": "' + "%" * 40_000 + '"}', id="40000 wildcards"),
        pytest.param('{"a": ' * 100_000 + "1" + "}" * 100_000, id="deep objects"),
        pytest.param("[" * 100_000, id="deep lists"),
        pytest.param('{"search": "\\ud800"}', id="half a character"),
        pytest.param('{"search": "name:a\\u0000b"}', id="a NUL"),
        pytest.param('{"limit": 1e999}', id="beyond numbers"),
        pytest.param('{"limit": NaN}', id="no number"),
    ],
)
def test_invalid_query_is_rejected(shared_user: User, kind: str, body: str) -> None:
    answer = requests.get(f"{shared_user.v1}/{kind}", headers=shared_user.headers, data=body, timeout=20)

    assert_refused(answer, 400)


@pytest.mark.parametrize("term", ["id:" + "|".join(["x" * 36] * 500), "x" * 4096, "%" * 4096, "\U0001f3ac" * 4096])
def test_large_search_is_served(shared_user: User, term: str) -> None:
    body: Any = {"search": term}
    answer = requests.get(f"{shared_user.v1}/data", headers=shared_user.headers, json=body, timeout=20)

    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == []


@pytest.mark.parametrize(
    "body", [b'{"days": ' * 100_000, b'{"days":' + b"9" * 5000 + b"}", b'{"expiration_date":"\\ud800"}']
)
def test_invalid_lifetime_is_rejected(shared_user: User, body: bytes) -> None:
    headers = {**shared_user.headers, "content-type": "application/json"}

    assert_refused(requests.put(f"{shared_user.v1}/data/none/ttl", headers=headers, data=body, timeout=20), 400, 404)


HOSTILE_REQUESTS = {
    "half a character for an analytic": {"analytic": "\ud800"},
    "half a character for a version": {"version": "\ud800"},
    "half a character for an input": {"inputs": {"\ud800": {"data-id": "x"}}},
    "half a character for data": {"inputs": {"video": {"data-id": "\ud800"}}},
    "half a character for a parameter": {"parameters": {"\ud800": 1}},
    "a deep text for a number": {"parameters": {"threshold": "[" * 100_000}},
    "no number": {"parameters": {"threshold": float("nan")}},
}


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in HOSTILE_REQUESTS.items()])
def test_invalid_job_request_is_rejected(shared_user: User, change: dict[str, Any]) -> None:
    request = {"analytic": "voxel51/shot-detection", "inputs": {"video": {"data-id": an_upload(shared_user)}}, **change}
    files = {"file": ("job.json", json.dumps(request), "application/json")}

    answer = requests.post(
        f"{shared_user.v1}/jobs", headers=shared_user.headers, files=files, data={"job_name": "hostile"}, timeout=20
    )

    assert_refused(answer, 400)


def test_form_without_a_boundary_is_rejected_with_the_reason(shared_user: User) -> None:
    headers = {**shared_user.headers, "Content-Type": "multipart/form-data"}
    answer = requests.post(f"{shared_user.v1}/data", headers=headers, data=b"--x--", timeout=20)

    assert_refused(answer, 400)
    assert "needs a boundary" in answer.json()["error"]["message"]


def an_upload(user: User) -> str:
    files = {"file": ("a.mp4", b"content", "video/mp4")}
    answer = requests.post(f"{user.v1}/data", headers=user.headers, files=files, timeout=20)
    return str(answer.json()["data"]["id"])


def test_null_character_is_rejected_everywhere(shared_user: User) -> None:
    v1, headers = shared_user.v1, shared_user.headers
    request = json.dumps({"analytic": "journeys/no-op", "inputs": {}, "parameters": {}})
    for answer in (
        requests.post(f"{v1}/account/tokens", headers=headers, json={"name": "a\0b"}, timeout=20),
        requests.get(f"{v1}/data?search=a%00b", headers=headers, timeout=20),
        requests.delete(f"{v1}/account?confirm=a%00b", headers=headers, timeout=20),
        requests.post(f"{v1}/sign-in", json={"username": "a\0b", "password": "p"}, timeout=20),
        requests.post(f"{v1}/jobs", headers=headers, data={"job_name": "a\0b"}, files={"file": request}, timeout=20),
        requests.post(
            f"{v1}/jobs",
            headers=headers,
            data={"job_name": "a"},
            files={"file": json.dumps({"analytic": "journeys/no-op\0", "inputs": {}, "parameters": {}})},
            timeout=20,
        ),
    ):
        assert_refused(answer, 400)
    assert_refused(requests.get(f"{v1}/jobs/a%00b", headers=headers, timeout=20), 404)
