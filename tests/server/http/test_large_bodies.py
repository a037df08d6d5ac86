"""Large bodies: they pass the HTTP parser by, which must then find the next request exactly where they end."""

import os
import socket
from http.client import parse_headers
from typing import BinaryIO

import pytest
import requests

from support.accounts import User
from support.raw_http import RawAnswer, connect

SIZE_BYTES = 2 * 1024 * 1024 + 12_345
LIMIT_BYTES = 4 * 1024 * 1024
BOUNDARY = "large-body"


@pytest.fixture
def user(start_platform, tmp_path) -> User:
    return User.create(start_platform(environment={"VOXEL51_SERVER_UPLOAD_LIMIT_BYTES": str(LIMIT_BYTES)}), tmp_path)


def form(content: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def head(user: User, method: str, path: str, *headers: str) -> bytes:
    lines = [f"{method} /v1{path} HTTP/1.1", "Host: here", f"Authorization: Bearer {user.key}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def head_of_form(user: User, size_bytes: int, *headers: str) -> bytes:
    media_type = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"
    return head(user, "POST", "/data", media_type, f"Content-Length: {size_bytes}", *headers)


def read_next(responses: BinaryIO) -> RawAnswer:
    """Read one response and nothing of those that follow it."""
    status = int(responses.readline().split()[1])
    headers = {name.lower(): text for name, text in parse_headers(responses).items()}
    return RawAnswer(status, headers, responses.read(int(headers.get("content-length", "0"))))


def assert_stored(user: User, answer: RawAnswer, content: bytes) -> None:
    assert answer.status == 201, answer.body
    data_id = answer.json()["data"]["id"]
    assert requests.get(f"{user.v1}/data/{data_id}/download", headers=user.headers, timeout=20).content == content


def assert_served(answer: RawAnswer) -> None:
    assert (answer.status, answer.json()["count"] >= 0) == (200, True)


@pytest.mark.parametrize("piece_bytes", [7_001, 1024 * 1024, 10 * 1024 * 1024])
def test_requests_that_follow_a_large_body_at_once_are_answered(user: User, piece_bytes: int) -> None:
    content = os.urandom(SIZE_BYTES)
    body = form(content)
    both = head_of_form(user, len(body)) + body + head(user, "GET", "/data/list")

    with connect(user.v1) as connection, connection.makefile("rb") as responses:
        for start in range(0, 2 * len(both), piece_bytes):
            connection.sendall((both + both)[start : start + piece_bytes])
        for _ in range(2):
            assert_stored(user, read_next(responses), content)
            assert_served(read_next(responses))


def test_client_that_asks_before_it_sends_a_large_body_is_told_to_continue(user: User) -> None:
    content = os.urandom(SIZE_BYTES)
    body = form(content)

    with connect(user.v1) as connection, connection.makefile("rb") as responses:
        connection.sendall(head_of_form(user, len(body), "Expect: 100-continue"))
        assert read_next(responses).status == 100
        connection.sendall(body)
        assert_stored(user, read_next(responses), content)


def test_rest_of_a_refused_body_is_discarded_and_the_connection_serves_on(user: User) -> None:
    delimiter = f"--{BOUNDARY}\r\n".encode()
    twice = form(b"first").replace(f"--{BOUNDARY}--\r\n".encode(), b"") + form(os.urandom(SIZE_BYTES))
    assert twice.count(delimiter) == 2  # a form may contain one file

    with connect(user.v1) as connection, connection.makefile("rb") as responses:
        connection.sendall(head_of_form(user, LIMIT_BYTES) + twice)
        refused = read_next(responses)
        connection.sendall(b"x" * (LIMIT_BYTES - len(twice)) + head(user, "GET", "/data/list"))
        served = read_next(responses)

    assert (refused.status, "More than one file" in refused.json()["error"]["message"]) == (400, True)
    assert_served(served)


def test_body_that_is_cut_short_ends_its_connection_and_leaves_nothing(user: User) -> None:
    body = form(os.urandom(SIZE_BYTES))

    with connect(user.v1) as connection:
        connection.sendall(head_of_form(user, len(body)) + body[: SIZE_BYTES // 2])
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(4096) == b""

    assert requests.get(f"{user.v1}/data/list", headers=user.headers, timeout=20).json()["count"] == 0
