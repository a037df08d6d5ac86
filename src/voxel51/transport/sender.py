"""The HTTP sender: kept connections, TLS, proxies, redirects, and bodies streamed both ways.

It starts no thread, so a process that has used it can be forked. Any number of threads may send at the same time; each
request has a connection to itself.
"""

import os
import re
import time
import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import voxel51
from voxel51.transport.addresses import Address, basic_authentication
from voxel51.transport.cancellation import Cancellation
from voxel51.transport.errors import APIError, ConnectionFailed, TimedOut
from voxel51.transport.messages import CHUNK_BYTES, BufferedResponse, Request, StreamedBody
from voxel51.transport.redirects import MAX_REDIRECTS, after_redirect
from voxel51.transport.secrets import origin_of
from voxel51.wire import direct

if TYPE_CHECKING:
    from ssl import SSLContext

    from voxel51.transport.connections import Connection
    from voxel51.transport.responses import StreamedResponse

IDLE_SECONDS = 4
"""Idle connections are not used after this time. The shortest usual limit of servers is 5 s, so a request that must not
be sent twice never meets a connection that is just being closed."""

WITH_BODY = frozenset({"POST", "PUT", "DELETE", "PATCH"})
"""Methods whose requests state the length of their body, even an empty one."""

CLIENT_HEADERS: Mapping[str, str] = {
    "User-Agent": f"voxel51-platform/{voxel51.__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "gzip",
}
"""Headers of every request of the client."""

JOB_HEADERS: Mapping[str, str] = {"User-Agent": "voxel51-job"}
"""Headers of every request of a job."""

_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_HEADER_TEXT = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The limits of time.

    Attributes:
        connect_seconds: for a connection to be made.
        silence_seconds: without a byte from the server or, while a body goes up, without one that it takes.
        slowest_upload_bytes_per_second: a streamed upload may take ``silence_seconds`` and its time at this rate.
    """

    connect_seconds: float = 10
    silence_seconds: float = 60
    slowest_upload_bytes_per_second: int = 32 * 1024

    def of_upload(self, size_bytes: int) -> float:
        """Return the limit for sending ``size_bytes`` and receiving the response, in seconds."""
        return self.silence_seconds + size_bytes / self.slowest_upload_bytes_per_second


class HttpSender:
    """Sends HTTP requests over kept connections.

    Nothing is opened before the first request. A forked process has connections of its own.

    Args:
        timeouts: the limits of time.
        keep_alive: whether connections are kept between requests.
        headers: sent with every request, unless the request has the same.
    """

    def __init__(
        self,
        timeouts: Timeouts | None = None,
        *,
        keep_alive: bool = True,
        headers: Mapping[str, str] = CLIENT_HEADERS,
    ) -> None:
        self._timeouts = timeouts or Timeouts()
        self._keep_alive = keep_alive
        self._headers = headers
        self._idle: dict[tuple[str, str, int], deque[Connection]] = {}
        self._open: set[Connection] = set()
        self._tls: SSLContext | None = None
        weakref.finalize(self, _close_all, self._open)
        _senders.add(self)

    def send(self, request: Request, cancellation: Cancellation | None = None) -> "StreamedResponse":
        """Send ``request`` and return its response, whatever its status, once the headers are there.

        Redirects of GET and HEAD are followed.

        Raises:
            CannotConnect: nothing was sent.
            TimedOut: the server was silent for too long, or the time for the request is over.
            ConnectionFailed: the connection broke.
            APIError: the request cannot be sent as it is.
        """
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send_once(request, cancellation)
            if not 300 <= response.status < 400 or direct.HEADER in response.headers:
                return response  # the caller goes to the store itself
            try:
                following = after_redirect(request, response.status, response.headers.get("location"))
            except APIError:
                response.close()
                raise
            if following is None:
                return response
            with response:  # reads the rest, so that the connection can be used again
                request = following
        raise APIError(f"{origin_of(request.url)} redirects more than {MAX_REDIRECTS} times", response.status)

    def fetch(self, request: Request, cancellation: Cancellation | None = None) -> BufferedResponse:
        """Send ``request`` as `send` does, and return the response with its body, which should be small."""
        with self.send(request, cancellation) as response:
            body = response.read()
        return BufferedResponse(response.status, response.reason, response.url, response.headers, body)

    def close(self) -> None:
        """Close every connection. Requests under way, in whatever thread, fail with `ConnectionFailed`.

        A later request opens a new connection.
        """
        for idle in list(self._idle.values()):
            while idle:
                self._discard(idle.pop())
        for connection in list(self._open):
            self._open.discard(connection)
            connection.abort()

    def release(self) -> None:
        """Forget every connection without a word to the servers: in a forked process they belong to the parent."""
        self._idle.clear()
        _close_all(self._open)

    def _send_once(self, request: Request, cancellation: Cancellation | None) -> "StreamedResponse":
        outgoing = self._prepare(request)
        kept = self._take(outgoing.address.origin)
        if kept is not None:
            try:
                return self._exchange(kept, outgoing, cancellation)
            except TimedOut:
                raise
            except ConnectionFailed:  # the server may have closed it before it saw the request
                if kept.is_aborted or not request.repeatable:
                    raise
        return self._exchange(self._connect(outgoing), outgoing, cancellation)

    def _exchange(
        self, connection: "Connection", outgoing: "_Outgoing", cancellation: Cancellation | None
    ) -> "StreamedResponse":
        from voxel51.transport.responses import StreamedResponse  # noqa: PLC0415  (imports http.client)

        origin = outgoing.address.origin

        def release(is_complete: bool) -> None:
            if cancellation is not None:
                cancellation.watch(None)
            self._put_back(connection, origin, is_complete)

        if cancellation is not None:
            cancellation.watch(connection)
        connection.deadline = outgoing.deadline
        request = outgoing.request
        try:
            received = connection.exchange(request.method, outgoing.address.target, outgoing.headers, request.body)
        except BaseException:
            release(False)
            raise
        return StreamedResponse(received, request.url, connection, release)

    def _prepare(self, request: Request) -> "_Outgoing":
        try:
            address = Address.parse(request.url)
        except ValueError:
            raise APIError(
                f"{origin_of(request.url)!r} is not an HTTP address; an address looks like http://127.0.0.1:5151", 0
            ) from None
        body, seconds = request.body, request.timeout_seconds
        headers = {**self._headers, **_sendable(request.headers)}
        if isinstance(body, StreamedBody):
            if body.size_bytes <= CHUNK_BYTES:  # one piece is sent faster as such, and can be sent again
                request = replace(request, body=_joined(body, address))
            else:
                seconds = seconds or self._timeouts.of_upload(body.size_bytes)
            headers["Content-Length"] = str(body.size_bytes)
        elif body or request.method in WITH_BODY:
            headers["Content-Length"] = str(len(body or b""))
        if address.credentials is not None and "Authorization" not in headers:
            headers["Authorization"] = basic_authentication(address.credentials)
        return _Outgoing(request, address, headers, None if seconds is None else time.monotonic() + seconds)

    def _connect(self, outgoing: "_Outgoing") -> "Connection":
        from voxel51.transport import connections  # noqa: PLC0415  (imports http.client)

        seconds = self._timeouts.connect_seconds
        if outgoing.deadline is not None:
            seconds = max(min(seconds, outgoing.deadline - time.monotonic()), 0.001)
        connection = connections.prepare(outgoing.address, self._tls_context)
        connection.open(seconds, self._timeouts.silence_seconds)
        self._open.add(connection)
        return connection

    def _tls_context(self) -> "SSLContext":
        """Return the settings of TLS, which take milliseconds to load and are shared by all connections."""
        if self._tls is None:
            from voxel51.transport.environment import tls_context  # noqa: PLC0415  (imports ssl)

            self._tls = tls_context()
        return self._tls

    def _take(self, origin: tuple[str, str, int]) -> "Connection | None":
        """Return the connection that was used last, which is the least likely to have been closed by the server."""
        idle = self._idle.get(origin)
        while idle:
            try:
                connection = idle.pop()
            except IndexError:  # another thread was faster
                return None
            is_fresh = time.monotonic() - connection.idle_since <= IDLE_SECONDS
            if connection in self._open and is_fresh and connection.is_usable:
                return connection
            self._discard(connection)
        return None

    def _put_back(self, connection: "Connection", origin: tuple[str, str, int], is_complete: bool) -> None:
        if is_complete and self._keep_alive and connection in self._open and connection.sock is not None:
            self._idle.setdefault(origin, deque()).append(connection)
        else:
            self._discard(connection)

    def _discard(self, connection: "Connection") -> None:
        self._open.discard(connection)
        connection.close()


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """A request, ready for a connection. ``deadline`` is on the monotonic clock."""

    request: Request
    address: "Address"
    headers: Mapping[str, str]
    deadline: float | None


def _sendable(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return ``headers`` as http.client can send them, texts that are not ASCII as UTF-8.

    Raises:
        APIError: one of them would break the message. Its text names them, without values, which may be credentials.
    """
    sendable = {}
    for name, text in headers.items():
        if not (text.isascii() and text.isprintable()):  # the usual case, and much quicker than a pattern
            if _HEADER_TEXT.fullmatch(text) is None:
                raise _unsendable(headers)
            sendable[name] = text.encode().decode("latin-1")
        else:
            sendable[name] = text
        if _HEADER_NAME.fullmatch(name) is None:
            raise _unsendable(headers)
    return sendable


def _unsendable(headers: Mapping[str, str]) -> APIError:
    return APIError(f"a header cannot be sent as it is; their names are {', '.join(headers)}", 0)


def _joined(body: StreamedBody, address: "Address") -> bytes:
    whole = b"".join(body.chunks())[: body.size_bytes]
    if len(whole) < body.size_bytes:
        raise ConnectionFailed(
            f"the body for {address.root} ended {body.size_bytes - len(whole)} bytes before its announced size"
        )
    return whole


_senders: "weakref.WeakSet[HttpSender]" = weakref.WeakSet()


def _release_in_child() -> None:
    for sender in _senders:
        sender.release()


os.register_at_fork(after_in_child=_release_in_child)


def _close_all(connections: "set[Connection]") -> None:
    while connections:
        connections.pop().close()
