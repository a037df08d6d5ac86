"""Agent of a running job: reports to the platform, downloads of inputs, uploads of results.

Every report may be sent twice without harm, so each is sent again while the platform is away. The result of hours of
work waits for a platform whose database is restarted or whose disk is full; the slot of the job could not be used
meanwhile in any case.
"""

import json
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from voxel51.platform.filenames import filename_of
from voxel51.transport.errors import APIError, ConnectionFailed
from voxel51.transport.messages import Request, Response, StreamedBody
from voxel51.transport.multipart import FilePart, encode
from voxel51.transport.retrying import seconds_of
from voxel51.transport.saving import write_all
from voxel51.transport.sender import HttpSender
from voxel51.wire.activity import ActivityReport
from voxel51.wire.backoff import Backoff
from voxel51.wire.digests import REPR_DIGEST, to_header
from voxel51.wire.headers import AGENT_KEY
from voxel51.wire.search import SpanReport
from voxel51.wire.tasks import (
    API_BASE_URL,
    API_TOKEN,
    INLINE_BYTES,
    JOB_ID,
    MetadataReport,
    TaskDescription,
    TaskState,
)

AWAY_SECONDS = 15 * 60.0
"""The time for which a report is sent again while the platform is away."""

FAILING_SECONDS = 60.0
"""The time for which a report is sent again that the platform fails to serve: status 500, which is a defect."""

PARTIAL_SECONDS = 10.0
"""The time for which a part of the partial results is sent again. After a pause, it is tried once more."""

CHECKPOINT_SECONDS = 5.0
"""The time for which a checkpoint is sent again. The analytic waits for it."""

BACKOFF = Backoff(first_seconds=0.05, longest_seconds=5.0, jitter=0.25)

LONGEST_WAIT_SECONDS = 60.0
"""Limit of a pause that the platform asks for."""

AWAY_STATUSES = frozenset({408, 429, 502, 503, 504})
"""Statuses of a platform that is away or overloaded."""

REFUSED_STATUSES = frozenset({401, 403, 404, 409})
"""Statuses of a platform that no longer accepts this attempt's credential."""

SUPERSEDED_STATUSES = frozenset({401, 403})
"""The same for parts of partial results: their other refusals say that this part is not wanted."""

STALE_LINK_STATUSES = frozenset({401, 403, 404, 410})
"""Statuses of a signed link that has expired, or whose file was deleted."""

LOST_FILE_STATUS = 410
"""Status of a file that the platform has lost or damaged, by a link that is valid: the failure is the platform's."""

SOURCE_STATUSES = frozenset({424, 502})
"""Statuses for a file on another host that the platform cannot get: for good, or for a while."""

_DEFECT = 500
_NO_SPACE = 507

Reference = Mapping[str, Any]
"""A file in a task description: ``{"signed-url": …}``, with other keys that differ between versions of the API."""


class NotCurrent(Exception):
    """The platform accepts no more reports of this attempt. Another attempt counts, so this one must stop at once."""


class FileUnavailable(Exception):
    """A file that the job needs was deleted, or its host does not deliver it. The text names it."""


class _DownloadCut(Exception):
    """A response began, and its connection broke before the end."""


class Agent:
    """The platform, as seen by one attempt at a job.

    Calls return when the platform has accepted the report. They raise `NotCurrent` when it accepts no more, and
    `voxel51.transport.errors.APIError` when it rejects this one or is away for ``retry_seconds``; `is_rejection` tells
    the two apart.
    """

    def __init__(self, sender: HttpSender, environment: Mapping[str, str], retry_seconds: float = AWAY_SECONDS) -> None:
        self._sender = sender
        self._routes = f"{environment[API_BASE_URL].rstrip('/')}/jobs/{environment[JOB_ID]}"
        self._credential = {AGENT_KEY: environment[API_TOKEN]}
        self._retry_seconds = retry_seconds
        self._links: dict[str, str] = {}

    def begin(self) -> TaskDescription:
        """Report that the job runs, and return its task. The links in it are used by later calls."""
        request = Request("POST", f"{self._routes}/begin", self._credential, repeatable=True)
        with self._send(request, REFUSED_STATUSES) as response:
            description: TaskDescription = json.loads(response.read())
        links = {"status": description["status"], "log": description["logfile"], "output": description.get("output"),
                 "spans": description.get("spans")}  # fmt: skip
        self._links = {kind: _url_of(link) for kind, link in links.items() if link}
        return description

    def finish(self, files: Mapping[str, StreamedBody], failure_type: str | None = None) -> None:
        """Report how the job ended: COMPLETE, or FAILED with ``failure_type``.

        ``files`` are the final ``status``, the ``log`` and the ``output``. Small ones are part of the report, larger
        ones are uploaded before it.

        Raises:
            voxel51.transport.errors.APIError: with code 0: the platform expects no output of this job.
        """
        report = {"state": TaskState.COMPLETE.value}
        if failure_type is not None:
            report = {"state": TaskState.FAILED.value, "failure_type": failure_type}
        for kind, body in files.items():
            if body.size_bytes <= INLINE_BYTES:
                report[kind] = b64encode(b"".join(body.chunks())).decode()
            else:
                self._put(kind, body)
        self._report("finish", report)

    def put_activity(self, report: ActivityReport) -> None:
        """Report what the job uses and prints. It is sent once, because the next report follows soon."""
        body = json.dumps(report).encode()
        headers = {**self._credential, "Content-Type": "application/json"}
        request = Request("PUT", f"{self._routes}/activity", headers, body, repeatable=True)
        with self._send(request, frozenset(), retry_seconds=0) as response:
            response.read()

    def report_amount(self, amount: MetadataReport) -> None:
        """Report how much was analysed."""
        self._report("metadata", amount)

    def put_status(self, document: bytes) -> None:
        """Publish a status document. It is sent once, because the next document replaces it anyway."""
        self._put("status", document, retry_seconds=0)

    def put_partial(self, number: int, body: bytes) -> None:
        """Upload part ``number`` of the partial results: labels, JSON, gzipped."""
        headers = {**self._credential, "Content-Type": "application/gzip"}
        request = Request("PUT", f"{self._routes}/partial/{number}", headers, body, repeatable=True)
        with self._send(request, SUPERSEDED_STATUSES, retry_seconds=PARTIAL_SECONDS) as response:
            response.read()

    def get_part(self, number: int) -> bytes:
        """Return part ``number`` of the partial results, as an earlier attempt sent it."""
        return self._get(f"partial/{number}")

    def get_checkpoint(self) -> bytes:
        """Return the content of the checkpoint that an earlier attempt saved."""
        return self._get("checkpoint")

    def put_checkpoint(self, content: bytes, sha256: str, parts: int) -> None:
        """Save a checkpoint that belongs to the first ``parts`` partial results."""
        headers = {**self._credential, "Content-Type": "application/octet-stream", REPR_DIGEST: to_header(sha256)}
        request = Request("PUT", f"{self._routes}/checkpoint?parts={parts}", headers, content, repeatable=True)
        with self._send(request, SUPERSEDED_STATUSES, retry_seconds=CHECKPOINT_SECONDS) as response:
            response.read()

    def put_spans(self, report: SpanReport) -> None:
        """Upload the summary of the labels by which they are found, if the platform asked for it."""
        if self._links.get("spans") is not None:
            self._put("spans", json.dumps(report).encode())

    def post_data(self, path: Path) -> str:
        """Store a file as data of the job's owner, and return its id.

        If a response is lost, the file may be stored twice.
        """
        content_type, body = encode({"file": FilePart.from_path(path)}, {})
        headers = {**self._credential, "Content-Type": content_type}
        request = Request("POST", f"{self._routes}/data", headers, body, repeatable=True)
        with self._send(request, REFUSED_STATUSES) as response:
            data_id: str = json.loads(response.read())["data"]["data_id"]
        return data_id

    def download(self, name: str, reference: Reference, folder: Path) -> Path:
        """Download the file of the input or data parameter ``name`` into ``folder``, under its original name.

        A download that is cut starts again.

        Raises:
            FileUnavailable: it was deleted, or its host does not deliver it.
        """
        deadline = time.monotonic() + self._retry_seconds
        for pause in BACKOFF:
            try:
                return self._download_once(name, reference, folder)
            except _DownloadCut as error:
                if time.monotonic() + pause > deadline:  # the platform answers all the time, so the file is at fault
                    raise FileUnavailable(f"the file of {name!r} breaks off each time it is read") from error
                time.sleep(pause)
        raise AssertionError("pauses never end")

    def _download_once(self, name: str, reference: Reference, folder: Path) -> Path:
        expected = STALE_LINK_STATUSES | SOURCE_STATUSES
        response = self._send(Request("GET", _url_of(reference), repeatable=True), frozenset(), expected)
        if response.status in STALE_LINK_STATUSES:
            with response:
                fresh = self._fresh_link("data", name)
            if fresh is None:
                raise FileUnavailable(f"the file of {name!r} is no longer on the platform")
            response = self._send(Request("GET", fresh, repeatable=True), frozenset(), expected)
        with response:
            if response.status == LOST_FILE_STATUS:
                raise APIError.from_response(response)
            if response.status in STALE_LINK_STATUSES:
                raise FileUnavailable(f"the file of {name!r} is no longer on the platform")
            if response.status in SOURCE_STATUSES:
                error = APIError.from_response(response)
                if error.request_id is None:  # the answer of a proxy in front of the platform
                    raise error
                raise FileUnavailable(f"the file of {name!r} cannot be downloaded: {error.message}")
            path = folder / filename_of(response.headers.get("content-disposition"), response.url)
            _save(response, path)
        return path

    def _get(self, route: str) -> bytes:
        request = Request("GET", f"{self._routes}/{route}", self._credential, repeatable=True)
        with self._send(request, REFUSED_STATUSES) as response:
            return response.read()

    def _report(self, route: str, report: Mapping[str, object]) -> None:
        headers = {**self._credential, "Content-Type": "application/json"}
        request = Request("POST", f"{self._routes}/{route}", headers, json.dumps(report).encode(), repeatable=True)
        with self._send(request, REFUSED_STATUSES) as response:
            response.read()

    def _put(self, kind: str, body: bytes | StreamedBody, retry_seconds: float | None = None) -> None:
        """Upload ``body`` by the signed link for ``kind``; by a fresh one where the link has expired."""
        link = self._links.get(kind)
        if link is not None:
            request = Request("PUT", link, body=body, repeatable=True)
            with self._send(request, frozenset({409}), STALE_LINK_STATUSES, retry_seconds) as response:
                response.read()
                if response.status not in STALE_LINK_STATUSES:
                    return
        link = self._fresh_link(kind)
        if link is None:
            raise APIError(f"the platform has no link for the {kind} of this job", 0)
        self._links[kind] = link
        with self._send(Request("PUT", link, body=body, repeatable=True), REFUSED_STATUSES) as response:
            response.read()

    def _fresh_link(self, kind: str, name: str | None = None) -> str | None:
        request = Request("GET", f"{self._routes}/url/{kind}", self._credential, repeatable=True)
        with self._send(request, REFUSED_STATUSES) as response:
            found: Any = json.loads(response.read())  # a reference, or references by name
        reference = found if name is None else found.get(name)
        return _url_of(reference) if reference else None

    def _send(
        self,
        request: Request,
        superseding: frozenset[int],
        expected: frozenset[int] = frozenset(),
        retry_seconds: float | None = None,
    ) -> Response:
        """Send ``request`` until the platform answers, and return a successful or an ``expected`` response.

        Raises:
            NotCurrent: the status is one of ``superseding``.
            APIError: the request was rejected, or the platform is away.
        """
        seconds = self._retry_seconds if retry_seconds is None else retry_seconds
        response = _retried(lambda: self._sender.send(request), seconds)
        if response.status < 400 or response.status in expected:
            return response
        with response:
            error = APIError.from_response(response)
        if response.status in superseding:
            raise NotCurrent(str(error)) from error
        raise error


def _save(response: Response, path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            for chunk in response.chunks():
                write_all(file.fileno(), chunk)
        except ConnectionFailed as error:
            raise _DownloadCut(str(error)) from error


def is_rejection(error: APIError) -> bool:
    """Return whether the platform answered, and rejects the request for good: for example a file that is too large.

    Otherwise it is away or fails, which says nothing about the job.
    """
    return 0 < error.code < 500 or error.code == _NO_SPACE


def _retried(send: Callable[[], Response], seconds: float) -> Response:
    """Call ``send`` until the platform answers or ``seconds`` have passed; the last response or error counts."""
    begun = time.monotonic()
    for pause in BACKOFF:
        limit = begun + seconds
        try:
            response = send()
        except ConnectionFailed:
            if time.monotonic() + pause > limit:
                raise
        else:
            if response.status == _DEFECT:
                limit = begun + min(seconds, FAILING_SECONDS)
            elif not _is_away(response):
                return response
            pause = max(pause, min(seconds_of(response.headers.get("retry-after")), LONGEST_WAIT_SECONDS))  # noqa: PLW2901
            if time.monotonic() + pause > limit:
                return response
            with response:
                response.read()
        time.sleep(pause)
    raise AssertionError("pauses never end")


def _is_away(response: Response) -> bool:
    # Status 507 is a full disk, which the operator empties, or an exceeded quota; only the former passes by itself.
    return response.status in AWAY_STATUSES or (response.status == _NO_SPACE and "retry-after" in response.headers)


def _url_of(reference: Reference) -> str:
    url = reference.get("signed-url") or reference.get("signed_url")
    if not isinstance(url, str):
        raise APIError(f"the platform sent no link, only the keys {sorted(reference)}", 0)
    return url
