"""Slow requests: connections that never complete a request are closed; those that do are served, however slow."""

import socket

import requests

from support.accounts import User
from support.raw_http import connect, read_answer
from support.waiting import LIMIT_SECONDS


def test_heads_and_bodies_that_do_not_arrive_are_refused(start_platform, tmp_path) -> None:
    limits = {"VOXEL51_SERVER_REQUEST_HEAD_SECONDS": "1", "VOXEL51_SERVER_REQUEST_BODY_SECONDS": "1"}
    platform = start_platform(environment=limits)
    alice = User.create(platform, tmp_path)
    head = b"POST /v1/sign-in HTTP/1.1\r\nHost: here\r\n"
    reads = b"GET /v1/platform HTTP/1.1\r\nHost: here\r\n\r\n"

    with connect(platform.url) as silent, connect(platform.url) as partial, connect(platform.url) as bodiless:
        partial.sendall(head)
        bodiless.sendall(head + b"Content-Length: 100\r\n\r\n{")
        assert read_answer(silent).status == 408
        late = read_answer(partial)
        assert (late.status, late.headers["connection"]) == (408, "close")
        assert "did not arrive within 1 s" in late.json()["error"]["message"]
        assert read_answer(bodiless).status == 408

    with connect(platform.url) as reused:  # blank lines before a request do not keep a connection open
        reused.sendall(reads)
        assert read_answer(reused).status == 200
        reused.sendall(b"\r\n")
        assert ends(reused)
    with connect(platform.url) as events:  # a response may take longer than a request
        key = f"Authorization: Bearer {alice.key}".encode()
        events.sendall(b"GET /v1/events HTTP/1.1\r\nHost: here\r\n" + key + b"\r\n\r\n")
        with connect(platform.url) as silent:
            assert ends(silent)
        assert events.recv(15).startswith(b"HTTP/1.1 200")
        assert requests.get(f"{alice.v1}/account", headers=alice.headers, timeout=20).status_code == 200


def ends(connection: socket.socket) -> bool:
    """Read until the server closes ``connection``."""
    connection.settimeout(LIMIT_SECONDS)
    while connection.recv(4096):
        pass
    return True
