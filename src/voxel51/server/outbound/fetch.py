"""Outbound HTTP/1.1: read a file from another host as a stream, and POST a message to one.

The environment is ignored (no proxy, no netrc), no credential is sent, and errors name only the host of a URL, since
the rest may be a secret.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import h11

import voxel51
from voxel51.server.errors import BadRequest, SourceAway, SourceRefused
from voxel51.server.outbound.connection import OutboundConnection, OutboundTimeouts
from voxel51.server.outbound.guard import Guard, Target

MAX_REDIRECTS = 5
CHUNK_BYTES = 256 * 1024
_REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_RETRYABLE_STATUSES = frozenset({408, 425, 429})
_MAX_HEAD_BYTES = 64 * 1024
_MAX_INFORMATIONAL = 8
"""Responses with a status 1xx that are skipped before the final one."""

_FAILURES = (OSError, h11.ProtocolError)


def open_stream(guard: Guard, url: str, timeouts: OutboundTimeouts | None = None) -> "OutboundResponse":
    """GET ``url`` and return the response once its head has arrived; the body is read from what is returned.

    Redirects are followed, each checked by ``guard`` like the URL itself, except from https to http.

    Raises:
        SourceAway: the host cannot be reached, is too slow, or reports a temporary failure.
        SourceRefused: the guard rejects the URL or a redirect, or the response is not the plain file.
    """
    target = check_url(guard, url)
    for _ in range(MAX_REDIRECTS + 1):
        response = OutboundResponse(target, timeouts or OutboundTimeouts())
        location = response.headers.get("location")
        if response.status not in _REDIRECT_STATUSES or location is None:
            return _require_file(response)
        response.close()
        url = urljoin(f"{target.scheme}://{target.authority}{target.path}", location)
        redirected = check_url(guard, url)
        if (target.scheme, redirected.scheme) == ("https", "http"):
            raise SourceRefused(f"{target.host} redirects from https to http, which is not followed")
        target = redirected
    raise SourceRefused(f"{target.host} redirects more than {MAX_REDIRECTS} times")


def post(guard: Guard, url: str, headers: Mapping[str, str], body: bytes, timeout_seconds: float) -> tuple[int, bytes]:
    """POST ``body`` to ``url`` and return the status and the first bytes of the response. Follow no redirect.

    Raises:
        SourceAway: the host cannot be reached, is too slow, or does not speak HTTP.
        SourceRefused: the guard rejects the URL.
    """
    timeouts = OutboundTimeouts(timeout_seconds, timeout_seconds, timeout_seconds)
    with OutboundResponse(check_url(guard, url), timeouts, "POST", headers, body) as response:
        try:
            return response.status, next(response.chunks(), b"")
        except SourceAway:
            return response.status, b""  # the status is what counts


class OutboundResponse:
    """A response whose head has arrived. Close it, or use it as a context manager.

    Creating one connects, sends the request and waits for the head.

    Attributes:
        headers: by lower-case name; the last one where a name is repeated.
        size_bytes: size of the body by its ``Content-Length``; None without one.

    Raises:
        SourceAway: the host did not respond.
    """

    def __init__(
        self,
        target: Target,
        timeouts: OutboundTimeouts,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        self.host = target.host
        self._timeouts = timeouts
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        try:
            self._connection = OutboundConnection(target, timeouts)
        except OSError as error:
            raise SourceAway(f"{self.host} cannot be reached: {_reason(error)}") from None
        try:
            self._send_request(target, method, headers or {}, body)
            head = self._read_head()
        except _FAILURES as error:
            self.close()
            raise SourceAway(f"{self.host} does not respond: {_reason(error)}") from None
        except BaseException:
            self.close()
            raise
        self.status = head.status_code
        self.headers = {name.decode("ascii"): text.decode("latin-1") for name, text in head.headers}
        size = self.headers.get("content-length", "")
        self.size_bytes = int(size) if size.isdigit() else None

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in chunks of at most `CHUNK_BYTES`.

        Raises:
            SourceAway: the body broke off, or arrives too slowly.
        """
        self._connection.set_budget(self._timeouts.stall_seconds)
        while True:
            try:
                event = self._next_event()
            except _FAILURES as error:
                self.close()
                raise SourceAway(f"{self.host} broke off: {_reason(error)}") from None
            if isinstance(event, h11.Data):
                # Each byte earns waiting time, which enforces the minimum average rate.
                self._connection.extend_budget(len(event.data) / self._timeouts.min_bytes_per_second)
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return

    def close(self) -> None:
        """Close the connection. Closing twice does nothing."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send_request(self, target: Target, method: str, headers: Mapping[str, str], body: bytes) -> None:
        all_headers = {
            "Host": target.authority,
            "User-Agent": f"voxel51-platform/{voxel51.__version__}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
        }
        if method != "GET":
            all_headers["Content-Length"] = str(len(body))
        request = h11.Request(method=method, target=target.path, headers=list(all_headers.items()))
        events = (request, h11.Data(body), h11.EndOfMessage())
        parts = [self._protocol.send(event) for event in events]
        # A host that rejects the body may respond and close before it has read all of it. The response says why.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._connection.send(b"".join(part or b"" for part in parts))

    def _read_head(self) -> h11.Response:
        for _ in range(_MAX_INFORMATIONAL):
            event = self._next_event()
            if isinstance(event, h11.Response):
                return event
        raise h11.RemoteProtocolError("too many informational responses")

    def _next_event(self) -> object:
        while True:
            event = self._protocol.next_event()
            if event is not h11.NEED_DATA:
                return event
            self._protocol.receive_data(self._connection.receive(CHUNK_BYTES))


def check_url(guard: Guard, url: str) -> Target:
    """Return the target of ``url`` as ``guard`` checked it.

    Raises:
        SourceRefused: the guard rejects the URL.
    """
    try:
        return guard.check(url)
    except BadRequest as error:
        raise SourceRefused(str(error)) from None


def _require_file(response: OutboundResponse) -> OutboundResponse:
    status, encoding = response.status, response.headers.get("content-encoding", "identity").lower()
    if status == 200 and encoding in {"identity", ""}:
        return response
    response.close()
    if status == 200:
        raise SourceRefused(
            f"{response.host} sent the file compressed ({encoding!r:.40}), although the request excluded compression"
        )
    if status >= 500 or status in _RETRYABLE_STATUSES:
        raise SourceAway(f"{response.host} responded with status {status}; it may work later")
    raise SourceRefused(f"{response.host} responded with status {status} instead of the file")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it is too slow"
    if isinstance(error, h11.ProtocolError):
        return "it does not speak valid HTTP"  # the error's text may quote the other side; it is not passed on
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
