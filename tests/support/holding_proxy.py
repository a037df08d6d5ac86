"""An HTTP proxy in front of a platform that holds chosen requests, so that a test can act between two of them."""

import re
import threading
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from support.waiting import LIMIT_SECONDS

_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}


class Gate:
    """Holds the first request of ``method`` whose path, and body if given, match; then lets all others pass."""

    def __init__(self, method: str, path: str, body: bytes) -> None:
        self._method, self._path, self._body = method, re.compile(path), body
        self._claim = threading.Lock()
        self._reached = threading.Event()
        self._opened = threading.Event()

    def hold(self, method: str, path: str, body: bytes) -> None:
        """Return at once for another request, and for the chosen one once the gate is open."""
        is_chosen = method == self._method and self._path.search(path) and self._body in body
        if is_chosen and self._claim.acquire(blocking=False):
            self._reached.set()
            assert self._opened.wait(LIMIT_SECONDS)

    def wait(self) -> None:
        """Return once the request is held."""
        assert self._reached.wait(LIMIT_SECONDS), f"no {self._method} of {self._path.pattern}"

    def open(self) -> None:
        """Let the request pass."""
        self._opened.set()


class HoldingProxy:
    """Passes requests to ``target``, which may be set later, and holds those that a gate waits for.

    Attributes:
        target: the URL of the platform.
        url: where the proxy listens.
        statuses: of all responses, by method and path.
    """

    def __init__(self, target: str = "") -> None:
        self.target = target
        self.statuses: dict[tuple[str, str], list[int]] = {}
        self._gates: list[Gate] = []
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def gate(self, method: str, path: str, body: bytes = b"") -> Gate:
        """Hold the next request of ``method`` whose path matches the pattern and whose body contains ``body``."""
        gate = Gate(method, path, body)
        self._gates.append(gate)
        return gate

    def pass_on(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request on once no gate holds it; return the response."""
        for gate in self._gates:
            gate.hold(method, path, body)
        connection = HTTPConnection(urlsplit(self.target).netloc, timeout=LIMIT_SECONDS)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        self.statuses.setdefault((method, path.partition("?")[0]), []).append(response.status)
        return response.status, dict(response.getheaders()), content

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for gate in self._gates:
            gate.open()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, proxy: HoldingProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: _Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, HTTPException):  # the child is gone, or the platform
            self.close_connection = True

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        status, answered, content = self.server.proxy.pass_on(self.command, self.path, headers, body)
        self.send_response_only(status)
        for name, value in answered.items():
            if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    do_GET = do_PUT = do_POST = _serve

    def log_message(self, *_: object) -> None:
        return
