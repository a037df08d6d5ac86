"""Platform for one job: a real server on a free loopback port with the routes that a running job needs.

The server keeps what it receives. Tests make it fail by adding statuses to `refusals`.
"""

import json
import threading
from base64 import b64decode
from collections import defaultdict
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from voxel51.wire.tasks import API_BASE_URL, API_TOKEN, JOB_ID, LOGFILE_SIGNED_URL, TASK_DESCRIPTION

CREDENTIAL = "the-credential-of-this-attempt"

WAIT_SECONDS = 300.0
"""Limit on waiting for a request; a constant of its own, since jobs import this module without the folder `support`."""


class JobPlatform:
    """Attributes:
    requests: ``(method, path)`` of every request, in order.
    states: states that the job reported, by itself or with its files.
    stored: kind (status, log, output, data) -> every received body, in order.
    files: name -> (content, Content-Disposition or None), served without credentials.
    refusals: ``(method, path without query)`` -> statuses of the next responses, in order.
    """

    def __init__(self, inputs: Mapping[str, str] | None = None, parameters: Mapping[str, Any] | None = None) -> None:
        self.requests: list[tuple[str, str]] = []
        self.connections = 0
        self.states: list[dict[str, str]] = []
        self.amounts: list[dict[str, float]] = []
        self.stored: dict[str, list[bytes]] = defaultdict(list)
        self.files: dict[str, tuple[bytes, str | None]] = {}
        self.refusals: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.changed = threading.Condition()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.task = {
            "analytic": "samples/any",
            "version": "1.0.0",
            "job_id": "job1",
            "inputs": {name: {"signed-url": f"{self.url}/{path}"} for name, path in (inputs or {}).items()},
            "parameters": dict(parameters or {}),
            "status": {"signed-url": f"{self.url}/signed/status?signature=1"},
            "logfile": {"signed-url": f"{self.url}/signed/log?signature=1"},
            "output": {"signed-url": f"{self.url}/signed/output?signature=1"},
        }
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        return {
            TASK_DESCRIPTION: f"{self.url}/task",
            JOB_ID: "job1",
            API_TOKEN: CREDENTIAL,
            API_BASE_URL: f"{self.url}/v1",
            LOGFILE_SIGNED_URL: f"{self.url}/signed/log?signature=1",
        }

    @property
    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.stored["status"][-1])
        return status

    @property
    def log(self) -> str:
        return self.stored["log"][-1].decode()

    def wait_for(self, method: str, path: str, count: int = 1) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.requests.count((method, path)) >= count, WAIT_SECONDS), (
                self.requests
            )

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, platform: JobPlatform) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.platform = platform


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.platform.connections += 1

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        platform = self.server.platform
        path = self._begin()
        if path is None:
            return
        if path == "/v1/jobs/job1/url/data":
            fresh = {
                name: {"signed-url": link["signed-url"] + "-fresh"} for name, link in platform.task["inputs"].items()
            }
            self._answer(200, json.dumps(fresh).encode())
        elif path.startswith("/v1/jobs/job1/url/"):
            kind = path.rpartition("/")[2]
            self._answer(200, json.dumps({"signed-url": f"{platform.url}/signed/{kind}-fresh"}).encode())
        elif path.removesuffix("-fresh")[1:] in platform.files:
            content, disposition = platform.files[path.removesuffix("-fresh")[1:]]
            self._answer(200, content, {"Content-Disposition": disposition} if disposition else {})
        else:
            self._answer(404, b'{"error": {"code": 404, "message": "no such file"}}')

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self._begin()
        if path is None:
            return
        kind = path.rpartition("/")[2].removesuffix("-fresh")
        self.server.platform.stored[kind].append(body)
        self._answer(200, b"{}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self._begin()
        if path is None:
            return
        if path == "/v1/jobs/job1/begin":
            self._note_state({"state": "RUNNING"})
            self._answer(200, json.dumps(self.server.platform.task).encode())
        elif path == "/v1/jobs/job1/finish":
            report = json.loads(body)
            for kind in report.keys() - {"state", "failure_type"}:
                self.server.platform.stored[kind].append(b64decode(report.pop(kind)))
            self._note_state(report)
            self._answer(204, b"")
        elif path == "/v1/jobs/job1/metadata":
            self.server.platform.amounts.append(json.loads(body))
            self._answer(204, b"")
        else:
            self.server.platform.stored["data"].append(body)
            self._answer(200, b'{"data": {"data_id": "d1"}}')

    def _note_state(self, report: dict[str, str]) -> None:
        with self.server.platform.changed:
            self.server.platform.states.append(report)
            self.server.platform.changed.notify_all()

    def _begin(self) -> str | None:
        """Return the path of the request; None if it was rejected."""
        platform = self.server.platform
        path = self.path.partition("?")[0]
        with platform.changed:
            platform.requests.append((self.command, path))
            platform.changed.notify_all()
        if platform.refusals[self.command, path]:
            self._reject(platform.refusals[self.command, path].pop(0))
            return None
        if path.startswith("/v1/") and self.headers["X-Voxel51-Agent"] != CREDENTIAL:
            self._reject(401)
            return None
        return path

    def _reject(self, status: int) -> None:
        body = json.dumps({"error": {"code": status, "message": "refused by the test"}}).encode()
        self._answer(status, body, {"X-Request-Id": "a-request"})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        return
