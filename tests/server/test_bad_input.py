"""Whatever is sent, the answer is an error that says what is wrong: never a 500."""

from typing import Any

import pytest
import requests

from people import User


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
        pytest.param('{"limit": 1e999}', id="beyond numbers"),
        pytest.param('{"limit": NaN}', id="no number"),
    ],
)
def test_a_hostile_query_is_refused(shared_user: User, kind: str, body: str) -> None:
    answer = requests.get(f"{shared_user.v1}/{kind}", headers=shared_user.headers, data=body, timeout=20)

    assert_refused(answer, 400)


@pytest.mark.parametrize("term", ["id:" + "|".join(["x" * 36] * 500), "x" * 4096, "%" * 4096, "\U0001f3ac" * 4096])
def test_a_large_search_is_served(shared_user: User, term: str) -> None:
    body: Any = {"search": term}
    answer = requests.get(f"{shared_user.v1}/data", headers=shared_user.headers, json=body, timeout=20)

    assert answer.status_code == 200, answer.text
    assert answer.json() == {"data": [], "count": 0}


@pytest.mark.parametrize(
    "body", [b'{"days": ' * 100_000, b'{"days":' + b"9" * 5000 + b"}", b'{"expiration_date":"\\ud800"}']
)
def test_a_hostile_lifetime_is_refused(shared_user: User, body: bytes) -> None:
    headers = {**shared_user.headers, "content-type": "application/json"}

    assert_refused(requests.put(f"{shared_user.v1}/data/none/ttl", headers=headers, data=body, timeout=20), 400, 404)
