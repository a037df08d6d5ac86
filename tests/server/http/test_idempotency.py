"""Idempotency keys: a repeated request gets the first answer and has no second effect."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.stored_files import database_path
from support.waiting import wait_until

NO_OP = b'{"analytic": "journeys/no-op", "inputs": {}, "parameters": {}}'


@pytest.fixture
def user(platform: PlatformProcess, tmp_path: Path) -> User:
    return User.create(platform, tmp_path)


def upload(user: User, key: str, content: bytes = b"some bytes", name: str = "a.txt") -> requests.Response:
    headers = {**user.headers, "Idempotency-Key": key}
    return requests.post(f"{user.v1}/data", files={"file": (name, content)}, headers=headers, timeout=20)


def submit(user: User, key: str, name: str = "j", auto_start: str = "false") -> requests.Response:
    headers = {**user.headers, "Idempotency-Key": key}
    form = {"job_name": name, "auto_start": auto_start}
    return requests.post(f"{user.v1}/jobs", data=form, files={"file": NO_OP}, headers=headers, timeout=20)


def count_of(user: User, noun: str) -> int:
    count: int = requests.get(f"{user.v1}/{noun}", headers=user.headers, timeout=20).json()["count"]
    return count


@pytest.mark.parametrize(("send", "noun"), [(upload, "data"), (submit, "jobs")])
def test_repeated_request_gets_the_first_answer_and_has_no_effect(user, send, noun):
    first, again = send(user, "k"), send(user, "k")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert count_of(user, noun) == 1


def test_job_submitted_repeatedly_is_started_once(user):
    job_ids = {submit(user, "k", auto_start="true").json()["job"]["id"] for _ in range(3)}

    assert len(job_ids) == count_of(user, "jobs") == 1


def test_concurrent_repetitions_have_one_effect(user):
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: submit(user, "k"), range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert count_of(user, "jobs") == 1


def test_key_with_a_different_request_is_refused(user):
    submit(user, "k")

    for other in (submit(user, "k", name="other"), upload(user, "k")):
        assert other.status_code == 422
        assert "Idempotency-Key" in other.json()["error"]["message"]
    assert (count_of(user, "jobs"), count_of(user, "data")) == (1, 0)


def test_failed_request_can_be_repeated_with_the_same_key(user):
    refused = submit(user, "k", name="")
    assert refused.status_code == 400
    assert submit(user, "k", name="j").status_code == 201


def test_keys_of_different_users_are_independent(platform, user, tmp_path):
    other = User.create(platform, tmp_path)

    first, second = submit(user, "k").json(), submit(other, "k").json()

    assert first["job"]["id"] != second["job"]["id"]


def test_keys_of_an_application_and_of_its_users_are_independent(platform, tmp_path):
    application = Application.create(platform, tmp_path)

    def create(name: str) -> requests.Response:
        headers = {**application.headers(), "Idempotency-Key": "k"}
        return requests.post(f"{application.v1}/apps/users", json={"username": name}, headers=headers, timeout=20)

    assert [create("u").status_code for _ in range(2)] == [201, 201]
    assert create("v").status_code == 422
    headers = {**application.headers("u"), "Idempotency-Key": "k"}
    form, files = {"job_name": "j", "auto_start": "false"}, {"file": NO_OP}
    answer = requests.post(f"{application.v1}/jobs", data=form, files=files, headers=headers, timeout=20)
    assert answer.status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\xe9"])
def test_malformed_key_is_refused(user, key):
    answer = submit(user, key.encode("latin-1"))

    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["error"]["message"]


def test_key_is_forgotten_after_a_day(start_platform, tmp_path):
    platform = start_platform()
    user = User.create(platform, tmp_path)
    submit(user, "k")
    platform.stop()
    with closing(sqlite3.connect(database_path(platform.folder))) as connection, connection:
        connection.execute("UPDATE idempotency_keys SET created_at = '2020-01-01 00:00:00.000000'")
    again = start_platform(folder=platform.folder)

    user_again = User(user.name, user.token, user.key, f"{again.url}/v1")
    wait_until(lambda: submit(user_again, "k", name="other").status_code == 201, "the key was not forgotten")
