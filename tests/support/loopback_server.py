"""Loopback server: a real HTTP server that sends prepared replies and records the requests."""

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from support.waiting import LIMIT_SECONDS

KEPT_BYTES = 2 * 1024 * 1024


@dataclass
class Received:
    """A request as received. ``body`` is empty if it was larger than `KEPT_BYTES`; size and digest are complete."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    size_bytes: int
    sha256: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """A prepared response.

    Attributes:
        cut_after: number of bytes of the body after which the connection is closed.
        until: the response is sent after this event.
        repeat_body: number of times that the body is sent.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    hang_up: bool = False
    until: threading.Event | None = None
    repeat_body: int = 1

    @classmethod
    def of(cls, document: Any, status: int = 200) -> "Reply":
        return cls(status, json.dumps(document).encode(), {"Content-Type": "application/json"})

    @classmethod
    def error(cls, status: int, message: str, **headers: str) -> "Reply":
        reply = cls.of({"error": {"code": status, "message": message}}, status)
        reply.headers.update({name.replace("_", "-"): text for name, text in headers.items()})
        return reply


class Loopback:
    """A server that sends its replies in order, and the last one for all further requests."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self.replies: list[Reply] = [Reply.of({})]
        self.choose: Callable[[Received], Reply] = lambda _request: (
            self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        )
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.loopback = self
        self.lock = threading.Lock()
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def last(self) -> Received:
        return self.requests[-1]

    def reply(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def reply_json(self, *documents: Any) -> None:
        self.reply(*(Reply.of(document) for document in documents))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    loopback: Loopback

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: many tests disconnect on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        with self.server.loopback.lock:
            self.server.loopback.connections += 1

    def log_message(self, *args: Any) -> None:
        """Print nothing."""

    def answer(self) -> None:
        received = self.receive()
        with self.server.loopback.lock:
            self.server.loopback.requests.append(received)
            reply = self.server.loopback.choose(received)
        if reply.until is not None:
            reply.until.wait(LIMIT_SECONDS)
        if reply.hang_up:
            self.hang_up()
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) * reply.repeat_body))
        self.end_headers()
        if self.command == "HEAD":
            return
        if reply.cut_after is not None:
            self.wfile.write(reply.body[: reply.cut_after])
            self.wfile.flush()
            self.hang_up()
            return
        for _ in range(reply.repeat_body):
            self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

    def receive(self) -> Received:
        left = size = int(self.headers.get("Content-Length", 0))
        digest, kept = hashlib.sha256(), bytearray()
        while left > 0:
            chunk = self.rfile.read(min(left, 1 << 20))
            if not chunk:
                raise ConnectionError("the client disconnected")
            left -= len(chunk)
            digest.update(chunk)
            if size <= KEPT_BYTES:
                kept += chunk
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Received(self.command, self.path, headers, bytes(kept), size, digest.hexdigest())

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()


@pytest.fixture
def another_loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()
