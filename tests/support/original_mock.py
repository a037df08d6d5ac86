"""Mock platform of the original SDK: the routes of one job, checked as its mock server checks them, and a report."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.loopback_server import Loopback, Received, Reply
from voxel51.wire.tasks import API_BASE_URL, API_TOKEN, JOB_ID, LOGFILE_SIGNED_URL, TASK_DESCRIPTION

JOB = "job1"
KEY = "the-credential-of-the-job"
FILE = "/local/file"


class OriginalMock(Loopback):
    """A job on the mock platform.

    Attributes:
        task: document of the job.
        files: path -> content of the inputs and data parameters.
        stored: kind (status, output, logfile, data) -> the last body.
        states: every report of the state.
        metadata: the last report of the amount.
        refused: routes below ``jobs/<id>`` that answer with these replies instead.
    """

    def __init__(self, inputs: Mapping[str, bytes], parameters: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.files = {f"{name}.mp4": content for name, content in inputs.items()}
        self.stored: dict[str, bytes] = {}
        self.states: list[dict[str, str]] = []
        self.metadata: dict[str, Any] | None = None
        self.refused: dict[str, Reply] = {}
        self.task: dict[str, Any] = {
            "analytic": "owner/old",
            "version": "1.0",
            "job_id": JOB,
            "inputs": {name: self.link("inputs", f"{name}.mp4") for name in inputs},
            "parameters": dict(parameters or {}),
            "status": self.link("status", "old-status.json"),
            "logfile": self.link("logfile", "old-log.log"),
            "output": self.link("output", "old-labels.json"),
        }
        self.choose = self._answer

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the job."""
        return {
            TASK_DESCRIPTION: f"{self.url}{FILE}?task=task.json",
            JOB_ID: JOB,
            API_TOKEN: KEY,
            API_BASE_URL: f"{self.url}/v1",
            LOGFILE_SIGNED_URL: f"{self.url}{FILE}?logfile=log.log",
        }

    @property
    def order(self) -> list[str]:
        """The requests in order, such as ``PUT state`` and ``GET inputs=video.mp4``."""
        return [f"{each.method} {self._name(each)}" for each in self.requests]

    def link(self, kind: str, path: str) -> dict[str, str]:
        return {"signed-url": f"{self.url}{FILE}?{kind}={path}"}

    def document(self, kind: str) -> dict[str, Any]:
        """The last document that was stored as ``kind``."""
        document: dict[str, Any] = json.loads(self.stored[kind])
        return document

    def report(self) -> dict[str, bool]:
        """The checks of the mock server: what every job does."""
        order = self.order
        ended = [state for state in self.states if state["state"] == "FAILED"]
        return {
            "task description fetched": "GET task=task.json" in order,
            "RUNNING posted": {"state": "RUNNING"} in self.states,
            "input URLs requested": "GET url/data" in order,
            "inputs downloaded": all(f"GET inputs={name}.mp4" in order for name in self.task["inputs"]),
            "metadata posted": self.metadata is not None,
            "status URL requested": "GET url/status" in order,
            "status written": "status" in self.stored,
            "log URL requested": "GET url/log" in order,
            "log written": "logfile" in self.stored,
            "COMPLETE posted": {"state": "COMPLETE"} in self.states,
            "failure type is text": all(isinstance(state.get("failure_type"), str) for state in ended),
            "output URL requested": "data" in self.stored or "GET url/output" in order,
            "output written": "data" in self.stored or "output" in self.stored,
        }

    def _name(self, request: Received) -> str:
        address = urlsplit(request.path)
        return address.query if address.path == FILE else address.path.removeprefix(f"/v1/jobs/{JOB}/")

    def _answer(self, request: Received) -> Reply:
        if urlsplit(request.path).path == FILE:
            return self._file(request)
        name = self._name(request)
        if name in self.refused:
            return self.refused[name]
        if request.headers.get("x-voxel51-agent") != KEY:
            return Reply.error(401, "no credential")
        if name.startswith("url/"):
            return self._link(name.removeprefix("url/"))
        reports: dict[str, Callable[[Received], Reply]] = {
            "PUT state": self._state, "POST metadata": self._metadata, "POST data": self._data,
        }  # fmt: skip
        report = reports.get(f"{request.method} {name}")
        return report(request) if report else Reply.error(404, f"no route {name}")

    def _file(self, request: Received) -> Reply:
        ((kind, (path,)),) = parse_qs(urlsplit(request.path).query).items()
        if request.method == "PUT":
            if "content-type" in request.headers:
                return Reply.error(400, "a signed link takes no content type")
            self.stored[kind] = request.body
            return Reply(201)
        if kind == "task":
            return Reply.of(self.task)
        if path not in self.files:
            return Reply.error(404, f"no file {path}")
        return Reply(200, self.files[path], {"Content-Disposition": f'attachment; filename="{path}"'})

    def _link(self, kind: str) -> Reply:
        if kind == "data":
            return Reply.of(self.task["inputs"])
        return Reply.of(self.task["logfile" if kind == "log" else kind])

    def _state(self, request: Received) -> Reply:
        report = request.json
        if report["state"] not in {"RUNNING", "COMPLETE", "FAILED"}:
            return Reply.error(400, f"invalid state {report['state']}")
        if report["state"] == "FAILED" and not isinstance(report.get("failure_type"), str):
            return Reply.error(400, "FAILED needs a failure type")
        self.states.append(report)
        return Reply.of({"state": report["state"]})

    def _metadata(self, request: Received) -> Reply:
        report = request.json
        if not all(
            isinstance(report.get(key), int | float) for key in ("frame_count", "duration_seconds", "size_bytes")
        ):
            return Reply.error(400, "metadata are three numbers")
        self.metadata = report
        return Reply(204)

    def _data(self, request: Received) -> Reply:
        self.stored["data"] = request.body
        return Reply.of({"data": {"data_id": "d1"}})
