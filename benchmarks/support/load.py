"""Load generator: repeat one GET request on several connections for a set time, and count the answers.

``python -m benchmarks.support.load URL CONNECTIONS SECONDS [HEADER: TEXT …]`` prints the calls per second. It runs in a
process of its own and does less per call than any server, so the server is the limit.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

ROOT = Path(__file__).parent.parent.parent
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"


def calls_per_second(url: str, connections: int, seconds: float, headers: Mapping[str, str]) -> float:
    """Return the calls per second that a load generator in another process gets answered with 200."""
    lines = [f"{name}: {text}" for name, text in headers.items()]
    command = [sys.executable, "-m", "benchmarks.support.load", url, str(connections), str(seconds), *lines]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return float(json.loads(done.stdout))


class _Connection(asyncio.Protocol):
    """One connection, which sends a request as soon as the one before is answered."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._received = b""
        self.answers = 0
        self.failure: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's class does not derive from it
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_END_OF_HEAD)
        length = _LENGTH.search(head)
        if not end or (length is not None and len(body) < int(length[1])):
            return
        if length is None or not head.startswith(b"HTTP/1.1 200 "):
            self.failure = self._received.decode(errors="replace")
            return
        self._received = b""
        self.answers += 1
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        self.failure = self.failure or f"the server closed the connection: {exc}"


async def _generate(url: str, connections: int, seconds: float, headers: list[str]) -> float:
    server = urlsplit(url)
    path = server.path + (f"?{server.query}" if server.query else "")
    head = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {server.netloc}", *headers])
    request = head.encode() + _END_OF_HEAD
    assert server.hostname is not None, f"the URL {url!r} names no host"
    loop, opened = asyncio.get_running_loop(), [_Connection(request) for _ in range(connections)]
    started = time.perf_counter()
    for each in opened:
        await loop.create_connection(lambda each=each: each, server.hostname, server.port or 80)  # type: ignore[misc]
    await asyncio.sleep(seconds)
    taken = time.perf_counter() - started
    failures = [each.failure for each in opened if each.failure is not None]
    if failures:
        raise SystemExit(f"{len(failures)} connections failed; the first: {failures[0]}")
    return sum(each.answers for each in opened) / taken


if __name__ == "__main__":
    print(uvloop.run(_generate(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])))
