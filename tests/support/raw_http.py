"""Raw HTTP: requests that no client library would send, or that must be sent byte for byte."""

import json
import socket
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from support.waiting import LIMIT_SECONDS


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """A response. Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body parsed as JSON."""
        return json.loads(self.body)


def connect(url: str) -> socket.socket:
    """Return a new connection to the host of ``url``."""
    address = urlsplit(url)
    assert address.hostname is not None
    return socket.create_connection((address.hostname, address.port or 80), timeout=LIMIT_SECONDS)


def read_answer(connection: socket.socket, method: str = "GET") -> RawAnswer:
    """Read the next response on ``connection``; ``method`` decides whether it has a body."""
    response = HTTPResponse(connection, method=method)
    response.begin()
    return RawAnswer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def exchange(url: str, request: bytes, method: str = "GET") -> RawAnswer:
    """Send ``request`` unchanged on a new connection and return the response."""
    with connect(url) as connection:
        connection.sendall(request)
        return read_answer(connection, method)


def request_bytes(method: str, url: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Return a request as the old Node client writes it: lower-case names, no User-Agent, no further headers."""
    address = urlsplit(url)
    target = address.path + (f"?{address.query}" if address.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"host: {address.netloc}"]
    lines += [f"{name.lower()}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1") + body


def send(method: str, url: str, headers: dict[str, str], body: bytes = b"") -> RawAnswer:
    """Send a request as the old Node client does, and return the response."""
    return exchange(url, request_bytes(method, url, headers, body), method)
