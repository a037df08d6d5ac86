"""Two processes that serve requests: what a client does at one holds at the other."""

import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.dispatchers import rows, shared_settings
from support.platforms import NO_OP, new_platform, running
from support.postgresql import PostgreSQL
from support.submissions import post_job
from support.waiting import LIMIT_SECONDS, wait_until

TUS = {"Tus-Resumable": "1.0.0"}
PATCH = {**TUS, "Content-Type": "application/offset+octet-stream"}

Pair = tuple[PlatformProcess, PlatformProcess]


@pytest.fixture(scope="module")
def database_url(postgresql: PostgreSQL) -> str:
    return postgresql.database()


@pytest.fixture(scope="module")
def pair(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A platform, and a second process that only serves requests."""
    folder = tmp_path_factory.mktemp("servers")
    environment = {
        **shared_settings(folder, database_url),
        "VOXEL51_SERVER_ACCOUNT_FAILURES_PER_MINUTE": "4",
        "VOXEL51_SERVER_SIGN_UP": "open",
    }
    with running(new_platform(folder / "first", environment=environment)) as first:
        second = new_platform(folder / "second", "--role", "api", environment=environment)
        with running(second):
            yield first, second


@pytest.fixture
def user(pair: Pair, tmp_path: Path) -> User:
    return User.create(pair[0], tmp_path)


def at(platform: PlatformProcess, path: str) -> str:
    return f"{platform.url}/v1{path}"


def test_end_of_a_job_is_heard_at_the_other_server(pair: Pair, user: User) -> None:
    ends: dict[str, float] = {}

    def follow(platform: PlatformProcess) -> None:
        with requests.get(at(platform, "/events"), headers=user.headers, stream=True, timeout=LIMIT_SECONDS) as stream:
            ready.release()
            for line in stream.iter_lines():
                if line.startswith(b"event: job_complete"):
                    ends[platform.url] = time.monotonic()
                    return

    ready = threading.Semaphore(0)
    readers = [threading.Thread(target=follow, args=(platform,), daemon=True) for platform in pair]
    for reader in readers:
        reader.start()
    for _ in readers:
        ready.acquire()
    job_id = post_job(f"{pair[1].url}/v1", user.headers, NO_OP)
    for reader in readers:
        reader.join(LIMIT_SECONDS)

    assert set(ends) == {platform.url for platform in pair}
    print(f"the other server told of the end {1e3 * (ends[pair[1].url] - ends[pair[0].url]):.0f} ms after the first")
    answer = requests.get(at(pair[1], f"/jobs/{job_id}/output"), headers=user.headers, timeout=LIMIT_SECONDS)
    assert answer.content == b"{}"


def test_revoked_token_is_refused_by_the_other_server(pair: Pair, user: User) -> None:
    made = requests.post(
        at(pair[0], "/account/tokens"), headers=user.headers, json={"name": "second"}, timeout=LIMIT_SECONDS
    ).json()
    headers = {"Authorization": f"Bearer {made['access_token']['private_key']}"}
    jobs = at(pair[1], "/jobs")
    assert requests.get(jobs, headers=headers, timeout=LIMIT_SECONDS).status_code == 200

    token_id = made["access_token"]["token_id"]
    revoked = requests.delete(at(pair[0], f"/account/tokens/{token_id}"), headers=user.headers, timeout=LIMIT_SECONDS)
    assert revoked.status_code < 300, revoked.text
    time.sleep(1.0)

    assert requests.get(jobs, headers=headers, timeout=LIMIT_SECONDS).status_code == 401


def test_request_that_is_sent_to_both_servers_at_once_has_one_effect(pair: Pair, user: User, database_url: str) -> None:
    ids: list[str] = []

    def submit(platform: PlatformProcess) -> None:
        headers = {**user.headers, "Idempotency-Key": key}
        files = {
            "file": ("job.json", json.dumps({"analytic": NO_OP, "inputs": {}, "parameters": {}}), "application/json")
        }
        form = {"job_name": "once", "auto_start": "False"}
        answer = requests.post(at(platform, "/jobs"), headers=headers, files=files, data=form, timeout=LIMIT_SECONDS)
        ids.append(answer.json()["job"]["id"])

    for _ in range(5):
        key = uuid.uuid4().hex
        ids.clear()
        clients = [threading.Thread(target=submit, args=(platform,)) for platform in pair * 2]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert len(ids) == 4
        assert len(set(ids)) == 1
        assert rows(database_url, "SELECT count(*) AS n FROM jobs WHERE id = :id", id=ids[0])[0].n == 1


def test_wrong_passwords_are_counted_by_both_servers_together(pair: Pair) -> None:
    def sign_in(platform: PlatformProcess) -> int:
        body = {"username": "nobody-here", "password": "a wrong password"}
        return requests.post(at(platform, "/sign-in"), json=body, timeout=LIMIT_SECONDS).status_code

    first = [sign_in(pair[0]) for _ in range(5)]

    assert first[-1] == 429, first
    wait_until(lambda: sign_in(pair[1]) == 429)


def create_upload(platform: PlatformProcess, user: User, size_bytes: int) -> str:
    """Create a resumable upload; return its path."""
    headers = {**user.headers, **TUS, "Upload-Length": str(size_bytes), "Upload-Metadata": "filename YS50eHQ="}
    made = requests.post(at(platform, "/data/uploads"), headers=headers, timeout=LIMIT_SECONDS)
    assert made.status_code == 201, made.text
    return urlsplit(made.headers["Location"]).path


def patch(platform: PlatformProcess, user: User, path: str, offset: int, content: bytes) -> requests.Response:
    headers = {**user.headers, **PATCH, "Upload-Offset": str(offset)}
    return requests.patch(platform.url + path, headers=headers, data=content, timeout=LIMIT_SECONDS)


def test_upload_goes_on_at_the_other_server(pair: Pair, user: User) -> None:
    path = create_upload(pair[0], user, 8)

    assert patch(pair[0], user, path, 0, b"abcd").status_code == 204
    assert patch(pair[1], user, path, 4, b"efgh").status_code == 204

    listed = requests.get(at(pair[0], "/data/list"), headers=user.headers, timeout=LIMIT_SECONDS).json()["data"]
    content = requests.get(
        at(pair[0], f"/data/{listed[0]['id']}/download"), headers=user.headers, timeout=LIMIT_SECONDS
    )
    assert (len(listed), content.content) == (1, b"abcdefgh")


def test_upload_whose_client_hangs_at_one_server_is_taken_over_at_the_other(pair: Pair, user: User) -> None:
    path = create_upload(pair[0], user, 8)
    parts = urlsplit(pair[0].url)
    with socket.create_connection((parts.hostname, parts.port)) as hanging:
        headers = {**user.headers, **PATCH, "Upload-Offset": "0", "Content-Length": "8", "Host": "localhost"}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        hanging.sendall(f"PATCH {path} HTTP/1.1\r\n{head}\r\nabcd".encode())

        def offset() -> int:
            answer = requests.head(pair[1].url + path, headers={**user.headers, **TUS}, timeout=LIMIT_SECONDS)
            return int(answer.headers["Upload-Offset"])

        statuses: list[int] = []

        def try_to_go_on(last_byte: int) -> int:
            at_byte = offset()
            statuses.append(patch(pair[1], user, path, at_byte, b"abcdefgh"[at_byte:last_byte]).status_code)
            return statuses[-1]

        # Until the request that hangs is served, there is nothing to take over.
        wait_until(lambda: try_to_go_on(0) == 423, lambda: f"statuses: {statuses}")
        wait_until(lambda: try_to_go_on(8) == 204, lambda: f"statuses: {statuses}")

    listed = requests.get(at(pair[0], "/data/list"), headers=user.headers, timeout=LIMIT_SECONDS).json()["data"]
    content = requests.get(
        at(pair[0], f"/data/{listed[0]['id']}/download"), headers=user.headers, timeout=LIMIT_SECONDS
    )
    assert (len(listed), content.content) == (1, b"abcdefgh")
