"""Local platform: the routes that one running job needs, on a free loopback port, for jobs without a server.

The job gets the same five variables and the same task as from a server, so it runs by the same code. The routes are
those of `voxel51.platform.agent`; only this job's credential and links are accepted.
"""

import json
import re
import secrets
import shutil
import threading
from base64 import b64decode
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import quote, unquote

from voxel51.runners.local_job import LocalJob
from voxel51.runners.local_progress import LocalProgress
from voxel51.wire.headers import AGENT_KEY
from voxel51.wire.tasks import (
    API_BASE_URL,
    API_TOKEN,
    JOB_ID,
    LOGFILE_SIGNED_URL,
    TASK_DESCRIPTION,
    TaskState,
    TaskStatusDocument,
)

LOCAL_JOB = "local"
"""Id of the job."""

TASK, OUTPUT, LOG, STATUS = "task", "output", "log", "status"
FILES, PARTS, REPORTS = "files", "parts", "reports"
"""Kinds of links: files and outputs of parts that the job reads, and reports that it writes."""

_COPY_BYTES = 1 << 20
_KEPT = re.compile(r"/(partial/(?P<part>\d+)|checkpoint(\?parts=(?P<parts>\d+))?)$")


class LocalPlatform:
    """Platform of one job.

    Attributes:
        state: last reported state; None until the job begins.
        failure_type: who is at fault, if the job failed.
        status: last status document.
        progress: what is kept for an attempt that goes on; None if nothing is.
    """

    def __init__(
        self,
        job: LocalJob,
        folder: Path,
        reported: Callable[[TaskStatusDocument], None],
        progress: LocalProgress | None = None,
    ) -> None:
        """Prepare the job.

        Args:
            job: the job.
            folder: empty folder for what the job sends.
            reported: called with every status document, from threads of the server.
            progress: keeps partial results and checkpoints; None: the job sends none.
        """
        self.progress = progress
        self.state: TaskState | None = None
        self.failure_type: str | None = None
        self.status: TaskStatusDocument | None = None
        self._folder = folder
        self._reported = reported
        self._credential = secrets.token_urlsafe(32)
        self._key = secrets.token_urlsafe(32)  # part of every link
        self._server = _Server(self)
        files = {name: value for name, value in job.parameters.items() if isinstance(value, Path)}
        self._files: dict[str, Path] = {**job.inputs, **files}
        self._part_outputs = {str(part["number"]): path for part, path in job.parts}
        self._task: Mapping[str, object] = {
            "analytic": job.name,
            "version": job.version,
            "job_id": LOCAL_JOB,
            "inputs": {name: self._link(FILES, name) for name in job.inputs},
            "parameters": {**job.parameters, **{name: self._link(FILES, name) for name in files}},
            "status": self._link(REPORTS, STATUS),
            "logfile": self._link(REPORTS, LOG),
            "output": self._link(REPORTS, OUTPUT),
            "secrets": {**job.secrets},
            **self._splitting(job),
        }

    @property
    def task(self) -> Mapping[str, object]:
        """The task of the next attempt at the job."""
        return self._task if self.progress is None else {**self._task, **self.progress.entries()}

    @property
    def environment(self) -> dict[str, str]:
        """The five variables of the job."""
        return {
            TASK_DESCRIPTION: self._link(REPORTS, TASK)["signed-url"],
            JOB_ID: LOCAL_JOB,
            API_TOKEN: self._credential,
            API_BASE_URL: f"{self._url}/v1",
            LOGFILE_SIGNED_URL: self._link(REPORTS, LOG)["signed-url"],
        }

    def sent(self, kind: str) -> Path | None:
        """Return the file that the job sent: its ``output``, its ``log`` or its ``status``; None if it sent none."""
        path = self._folder / kind
        return path if path.exists() else None

    def data(self) -> list[Path]:
        """Return the files that the job stored as data, in order."""
        return sorted(self._folder.glob("data-*/*"))

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="local-platform", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def _link(self, kind: str, name: str) -> dict[str, str]:
        return {"signed-url": f"{self._url}/{self._key}/{kind}/{quote(name, safe='')}"}

    def _splitting(self, job: LocalJob) -> dict[str, object]:
        """Return the entries of the task that make the job a part, or a merge of parts; none for a whole job."""
        if job.part is not None:
            return {"part": job.part}
        results = [{**part, "output": self._link(PARTS, str(part["number"]))} for part, _ in job.parts]
        return {"merge": {"parts": results}} if results else {}

    # The rest is called by the server's threads. A job sends one report at a time.

    def is_credential(self, text: str | None) -> bool:
        """Return whether ``text`` is the credential of the job."""
        return text is not None and secrets.compare_digest(text, self._credential)

    def find(self, path: str) -> tuple[str, str] | None:
        """Return the kind and name that the path of a link names; None if it is not a link of this job."""
        _, key, kind, name, *rest = [*path.partition("?")[0].split("/"), "", "", ""]
        if any(rest) or not secrets.compare_digest(key, self._key):
            return None
        return kind, unquote(name)

    def begin(self) -> None:
        """Record that an attempt begins, and discard the files that an earlier one stored as data."""
        for path in self._folder.glob("data-*"):
            shutil.rmtree(path)
        self.report({"state": TaskState.RUNNING})

    def report(self, report: Mapping[str, str]) -> None:
        """Record a state, and the files in the report."""
        for kind in (OUTPUT, LOG, STATUS):
            if kind in report:
                self._store(kind, b64decode(report[kind]))
        self.state, self.failure_type = TaskState(report["state"]), report.get("failure_type")

    def file(self, kind: str, name: str) -> Path | None:
        """Return the input or data parameter ``name``, or the output of the part with this number."""
        return {FILES: self._files, PARTS: self._part_outputs}.get(kind, {}).get(name)

    def place(self, kind: str) -> Path:
        """Return the path of a file that the job sends."""
        return self._folder / kind

    def new_data(self, filename: str) -> tuple[str, Path]:
        """Return the id and the path of a file that becomes data."""
        data_id = f"data-{len(self.data()) + 1}"
        (self._folder / data_id).mkdir()
        return data_id, self._folder / data_id / (Path(filename).name or "file")

    def publish(self) -> None:
        """Pass the status that the job sent on."""
        status: TaskStatusDocument = json.loads(self.place(STATUS).read_bytes())
        self.status = status
        self._reported(status)

    def _store(self, kind: str, content: bytes) -> None:
        self.place(kind).write_bytes(content)
        if kind == STATUS:
            self.publish()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, platform: LocalPlatform) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.platform = platform


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        platform, found = self.server.platform, self.server.platform.find(self.path)
        if self._progress is not None:
            self._answer_kept(self._progress.find(self.path.rpartition("/")[2]))
            return
        if found == (REPORTS, TASK):
            self._answer(200, platform.task)
            return
        path = platform.file(*found) if found else None
        if path is None:
            self._answer(404, {"error": {"code": 404, "message": "not found"}})
            return
        self.send_response(200)
        self.send_header("Content-Length", str(path.stat().st_size))
        self.send_header("Content-Disposition", f"attachment; filename*=utf-8''{quote(path.name)}")
        self.end_headers()
        with path.open("rb") as file:
            shutil.copyfileobj(file, self.wfile, _COPY_BYTES)
        self.wfile.flush()

    def do_PUT(self) -> None:
        platform, found = self.server.platform, self.server.platform.find(self.path)
        if self.path.endswith("/state") and platform.is_credential(self.headers[AGENT_KEY]):
            platform.report(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(200, {})
            return
        if self._progress is not None:
            self._keep(self._progress, self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(200, {})
            return
        if found is None or found[0] != REPORTS or found[1] not in (OUTPUT, LOG, STATUS):
            self.close_connection = True  # the body was not read
            self._answer(404, {"error": {"code": 404, "message": "not found"}})
            return
        with platform.place(found[1]).open("wb") as file:
            self._receive(int(self.headers["Content-Length"]), file)
        if found[1] == STATUS:
            platform.publish()
        self._answer(200, {})

    def do_POST(self) -> None:
        platform = self.server.platform
        if not platform.is_credential(self.headers[AGENT_KEY]):
            self.close_connection = True
            self._answer(401, {"error": {"code": 401, "message": "the credential is invalid"}})
            return
        route, size = self.path.rpartition("/")[2], int(self.headers["Content-Length"] or 0)
        if route == "begin":
            platform.begin()
            self._answer(200, platform.task)
        elif route == "finish":
            platform.report(json.loads(self.rfile.read(size)))
            self._answer(200, {})
        elif route == "data":
            self._answer(200, {"data": {"data_id": self._receive_data(size)}})
        else:  # how much was analysed, which the status says as well
            self.rfile.read(size)
            self._answer(200, {})

    @property
    def _progress(self) -> LocalProgress | None:
        """The kept progress of the job, if the request is about it and has the credential."""
        is_about_it = _KEPT.search(self.path) is not None
        is_allowed = is_about_it and self.server.platform.is_credential(self.headers[AGENT_KEY])
        return self.server.platform.progress if is_allowed else None

    def _keep(self, progress: LocalProgress, body: bytes) -> None:
        found = _KEPT.search(self.path)
        assert found is not None  # noqa: S101  (it was found before)
        if found["part"]:
            progress.add_part(int(found["part"]), body)
        else:
            progress.save(body, int(found["parts"]))

    def _answer_kept(self, content: bytes | None) -> None:
        if content is None:
            self._answer(404, {"error": {"code": 404, "message": "not found"}})
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def _receive_data(self, size: int) -> str:
        """Store the one file of a multipart body, and return its id."""
        head = b""
        while line := self.rfile.readline():
            head += line
            if not line.strip():
                break
        boundary = head.partition(b"\r\n")[0]
        filename = head.partition(b'filename="')[2].partition(b'"')[0].decode(errors="replace")
        data_id, path = self.server.platform.new_data(filename)
        end = len(b"\r\n" + boundary + b"--\r\n")
        with path.open("wb") as file:
            self._receive(size - len(head) - end, file)
        self.rfile.read(end)
        return data_id

    def _receive(self, size: int, file: BinaryIO) -> None:
        while size > 0:
            piece = self.rfile.read(min(size, _COPY_BYTES))
            if not piece:
                raise ConnectionError("the body ended early")
            file.write(piece)
            size -= len(piece)

    def _answer(self, status: int, document: Mapping[str, object]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Print nothing."""
