"""What a running job says to the platform, and what it fetches: agent routes and signed links.

Every report may be sent twice without harm, so each is tried again while the platform is away (a server that is
started anew under a running job is back within seconds).
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from voxel51.platform.filenames import filename_of
from voxel51.transport.errors import APIError, ConnectionFailed
from voxel51.transport.messages import Request, Response, StreamedBody
from voxel51.transport.multipart import FilePart, encode
from voxel51.transport.sender import HttpSender
from voxel51.wire.backoff import Backoff
from voxel51.wire.headers import AGENT_KEY
from voxel51.wire.search import SpanReport
from voxel51.wire.tasks import (
    API_BASE_URL,
    API_TOKEN,
    JOB_ID,
    TASK_DESCRIPTION,
    MetadataReport,
    StateReport,
    TaskDescription,
    TaskState,
)

PATIENCE_SECONDS = 60.0
"""How long a report is tried before the job gives up."""

BACKOFF = Backoff(first_seconds=0.05, longest_seconds=5.0)
AWAY_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
REFUSALS = frozenset({401, 403, 404, 409})
STALE_LINK_STATUSES = frozenset({401, 403, 404, 410})
SOURCE_STATUSES = frozenset({424, 502})
"""What the platform answers where a file on another host cannot be had: for good, or for a while."""


class NotCurrent(Exception):
    """The platform no longer takes reports of this attempt: another one counts, so this one must stop at once."""


class Gone(Exception):
    """A file that the job needs is no longer there, or cannot be had from the host where it is. The text names it."""


class Agent:
    """The platform, as one attempt at a job sees it.

    Calls return when the platform has taken the report. They raise `NotCurrent` when it will take none any more, and
    `voxel51.transport.errors.APIError` when it refuses this one or did not answer for ``patience_seconds``.
    """

    def __init__(
        self, sender: HttpSender, environment: Mapping[str, str], patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._sender = sender
        self._description_url = environment[TASK_DESCRIPTION]
        self._routes = f"{environment[API_BASE_URL].rstrip('/')}/jobs/{environment[JOB_ID]}"
        self._credential = {AGENT_KEY: environment[API_TOKEN]}
        self._patience_seconds = patience_seconds
        self._links: dict[str, str] = {}

    def task(self) -> TaskDescription:
        """What the job is asked to do. Its links are used from here on."""
        with self._send(Request("GET", self._description_url, repeatable=True), REFUSALS) as answer:
            description: TaskDescription = json.loads(answer.read())
        links = {"status": description["status"], "log": description["logfile"], "output": description.get("output"),
                 "spans": description.get("spans")}  # fmt: skip
        self._links = {kind: _url_of(link) for kind, link in links.items() if link}
        return description

    def report_state(self, state: TaskState, failure_type: str | None = None) -> None:
        """Say where the job stands; ``failure_type`` belongs to FAILED."""
        report: StateReport = {"state": state.value}
        if failure_type is not None:
            report["failure_type"] = failure_type
        self._say("PUT", "state", report)

    def report_amount(self, amount: MetadataReport) -> None:
        """Say how much was analysed."""
        self._say("POST", "metadata", amount)

    def put_status(self, document: bytes, patient: bool = True) -> None:
        """Publish a status document. An impatient call is tried once: the next one says more anyway."""
        self._put("status", document, patience_seconds=self._patience_seconds if patient else 0)

    def put_output(self, path: Path) -> None:
        """Upload the job's output file.

        Raises:
            voxel51.transport.errors.APIError: code 0 and no link: the platform expects no output of this job.
        """
        output = FilePart.from_path(path)
        self._put("output", StreamedBody(output.content, output.size_bytes))

    def put_spans(self, report: SpanReport) -> None:
        """Say what the labels say, in short; a platform that does not ask for it is told nothing."""
        if self._links.get("spans") is not None:
            self._put("spans", json.dumps(report).encode())

    def put_log(self, body: bytes | StreamedBody) -> None:
        """Upload the job's log."""
        self._put("log", body)

    def post_data(self, path: Path) -> str:
        """Store a file as data of the job's owner; returns its id.

        Where an answer is lost on the way, the file may be stored twice.
        """
        content_type, body = encode({"file": FilePart.from_path(path)}, {})
        headers = {**self._credential, "Content-Type": content_type}
        with self._send(Request("POST", f"{self._routes}/data", headers, body, repeatable=True), REFUSALS) as answer:
            data_id: str = json.loads(answer.read())["data"]["data_id"]
        return data_id

    def download(self, name: str, reference: Mapping[str, Any], folder: Path) -> Path:
        """Fetch the file of the input or data parameter ``name`` into ``folder``, under its owner's name for it.

        A download that breaks off starts anew.

        Raises:
            Gone: the platform has the file no longer, or cannot get it from where it is.
        """
        deadline = time.monotonic() + self._patience_seconds
        for pause in BACKOFF:
            try:
                return self._download_once(name, reference, folder)
            except _BrokenOff as error:
                if time.monotonic() + pause > deadline:  # the platform is there all the time: it is the file
                    raise Gone(f"the file of {name!r} breaks off each time it is read") from error
                time.sleep(pause)
        raise AssertionError("pauses never end")

    def _download_once(self, name: str, reference: Mapping[str, Any], folder: Path) -> Path:
        expected = STALE_LINK_STATUSES | SOURCE_STATUSES
        answer = self._send(Request("GET", _url_of(reference), repeatable=True), frozenset(), expected)
        if answer.status in STALE_LINK_STATUSES:
            with answer:
                fresh = self._fresh_link("data", name)
            if fresh is None:
                raise Gone(f"the file of {name!r} is no longer on the platform")
            answer = self._send(Request("GET", fresh, repeatable=True), frozenset(), expected)
        with answer:
            if answer.status in STALE_LINK_STATUSES:
                raise Gone(f"the file of {name!r} is no longer on the platform")
            if answer.status in SOURCE_STATUSES:
                error = APIError.from_response(answer)
                if error.request_id is None:  # not the platform's word, but that of a proxy before it
                    raise error
                raise Gone(f"the file of {name!r} cannot be had: {error.message}")
            path = folder / filename_of(answer.headers.get("content-disposition"), answer.url)
            _save(answer, path)
        return path

    def _say(self, method: str, route: str, report: StateReport | MetadataReport) -> None:
        headers = {**self._credential, "Content-Type": "application/json"}
        body = json.dumps(report).encode()
        with self._send(Request(method, f"{self._routes}/{route}", headers, body, repeatable=True), REFUSALS) as answer:
            answer.read()

    def _put(self, kind: str, body: bytes | StreamedBody, patience_seconds: float | None = None) -> None:
        link = self._links.get(kind)
        if link is not None:
            request = Request("PUT", link, body=body, repeatable=True)
            with self._send(request, frozenset({409}), STALE_LINK_STATUSES, patience_seconds) as answer:
                answer.read()
                if answer.status not in STALE_LINK_STATUSES:
                    return
        link = self._fresh_link(kind)
        if link is None:
            raise APIError(f"the platform gives no link for the {kind} of this job", 0)
        self._links[kind] = link
        with self._send(Request("PUT", link, body=body, repeatable=True), REFUSALS, frozenset()) as answer:
            answer.read()

    def _fresh_link(self, kind: str, name: str | None = None) -> str | None:
        request = Request("GET", f"{self._routes}/url/{kind}", self._credential, repeatable=True)
        with self._send(request, REFUSALS) as answer:
            found: Any = json.loads(answer.read())
        reference = found if name is None else found.get(name)
        return _url_of(reference) if reference else None

    def _send(
        self,
        request: Request,
        superseding: frozenset[int],
        expected: frozenset[int] = frozenset(),
        patience_seconds: float | None = None,
    ) -> Response:
        patience = self._patience_seconds if patience_seconds is None else patience_seconds
        answer = _patiently(lambda: self._sender.send(request), patience)
        if answer.status < 400 or answer.status in expected:
            return answer
        with answer:
            error = APIError.from_response(answer)
        if answer.status in superseding:
            raise NotCurrent(str(error)) from error
        raise error


class _BrokenOff(Exception):
    """An answer began, and did not come to its end."""


def _save(answer: Response, path: Path) -> None:
    with path.open("wb") as file:
        try:
            for chunk in answer.chunks():
                file.write(chunk)
        except ConnectionFailed as error:
            raise _BrokenOff(str(error)) from error


def _patiently(send: Callable[[], Response], patience_seconds: float) -> Response:
    """Call ``send`` until the platform is there; its last answer or error stands when patience ends."""
    deadline = time.monotonic() + patience_seconds
    for pause in BACKOFF:
        last = time.monotonic() + pause > deadline
        try:
            answer = send()
        except ConnectionFailed:
            if last:
                raise
        else:
            if last or answer.status not in AWAY_STATUSES:
                return answer
            with answer:
                answer.read()
        time.sleep(pause)
    raise AssertionError("pauses never end")


def _url_of(reference: Mapping[str, Any]) -> str:
    url = reference.get("signed-url") or reference.get("signed_url")
    if not isinstance(url, str):
        raise APIError(f"the platform gave no link, but {sorted(reference)}", 0)
    return url
