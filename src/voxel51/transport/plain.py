"""The sender inside a job: standard library only, kept connections, ready in a millisecond.

It starts no thread, so a process that has imported it can be forked. Any thread may send; threads that send at the
same time use connections of their own.
"""

import select
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, urljoin, urlsplit

from voxel51.transport.errors import APIError, ConnectionFailed, TimedOut
from voxel51.transport.messages import CHUNK_BYTES, Request, StreamedBody

SILENCE_SECONDS = 60.0
"""How long the other side may say nothing before a call counts as timed out."""

REDIRECTS = 5
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
CREDENTIALS = frozenset({"authorization", "x-voxel51-agent", "x-voxel51-application", "x-voxel51-application-user"})
DRAINED_BYTES = 64 * 1024
"""An unread rest of at most this size is read so that its connection can be kept; a longer one costs more than
connecting again."""

_Origin = tuple[str, str]  # scheme and host with port


class PlainSender:
    """Sends requests over HTTP and HTTPS (see `voxel51.transport.messages.Sender` for what it promises)."""

    def __init__(self, silence_seconds: float = SILENCE_SECONDS, user_agent: str = "voxel51-job") -> None:
        self._silence_seconds = silence_seconds
        self._user_agent = user_agent
        self._idle: dict[_Origin, list[HTTPConnection]] = {}

    def send(self, request: Request) -> "PlainAnswer":
        """Send ``request`` and return once the answer's headers are there.

        Redirects of GET are followed; credentials stay behind where one leads to another host. A kept connection
        that the other side closed meanwhile is replaced without a word.
        """
        answer = self._send_once(request)
        for _ in range(REDIRECTS):
            target = answer.headers.get("location")
            if request.method != "GET" or answer.status not in REDIRECT_STATUSES or target is None:
                return answer
            with answer:
                request = _redirected(request, target)
            answer = self._send_once(request)
        return answer

    def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            for connection in self._idle.popitem()[1]:
                connection.close()

    def _send_once(self, request: Request) -> "PlainAnswer":
        address = urlsplit(request.url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ConnectionFailed(f"{_shown(request.url)!r} is no http or https address")
        origin = (address.scheme, address.netloc)
        kept = self._take_idle(origin)
        if kept is not None:
            try:
                return self._exchange(kept, origin, address, request)
            except TimedOut:
                raise
            except ConnectionFailed:
                if not request.repeatable:
                    raise
        return self._exchange(self._connect(address), origin, address, request)

    def _take_idle(self, origin: _Origin) -> HTTPConnection | None:
        idle = self._idle.get(origin, [])
        while idle:
            connection = idle.pop()
            if not _is_dropped(connection):
                return connection
            connection.close()
        return None

    def _connect(self, address: SplitResult) -> HTTPConnection:
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        try:
            return kind(address.netloc.rpartition("@")[2], timeout=self._silence_seconds)
        except HTTPException as error:
            raise ConnectionFailed(f"{address.netloc!r} is no host: {error}") from error

    def _exchange(
        self, connection: HTTPConnection, origin: _Origin, address: SplitResult, request: Request
    ) -> "PlainAnswer":
        try:
            try:
                self._put_request(connection, address, request)
            except (BrokenPipeError, ConnectionResetError):
                # A server that refuses a body answers before it has read it, then closes: the answer says why.
                if connection.sock is None:
                    raise
            response = connection.getresponse()
        except BaseException as error:
            connection.close()
            if isinstance(error, APIError) or not isinstance(error, OSError | HTTPException):
                raise
            raise _failure(request.url, error) from error
        return PlainAnswer(response, request.url, lambda: self._give_back(origin, connection), connection.close)

    def _put_request(self, connection: HTTPConnection, address: SplitResult, request: Request) -> None:
        target = address.path or "/"
        if address.query:
            target += "?" + address.query
        connection.putrequest(request.method, target, skip_accept_encoding=True)
        connection.putheader("User-Agent", self._user_agent)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        body = request.body
        if isinstance(body, StreamedBody):
            connection.putheader("Content-Length", str(body.size_bytes))
            connection.endheaders()
            _send_chunks(connection, body, request.url)
        else:
            if body is not None or request.method in {"PUT", "POST", "PATCH"}:
                connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)

    def _give_back(self, origin: _Origin, connection: HTTPConnection) -> None:
        if connection.sock is not None:
            self._idle.setdefault(origin, []).append(connection)


class PlainAnswer:
    """One answer, its body not yet read (see `voxel51.transport.messages.Answer`)."""

    def __init__(self, response: HTTPResponse, url: str, keep: Callable[[], None], drop: Callable[[], None]) -> None:
        self.status = response.status
        self.reason = response.reason
        self.url = url
        self.headers: Mapping[str, str] = _joined(response.getheaders())
        self._response = response
        self._keep = keep
        self._drop = drop
        self._settled = False
        if response.isclosed():  # no body: the connection is free at once
            self._settle(keep=not response.will_close)

    def read(self) -> bytes:
        """The whole body.

        Raises:
            ConnectionFailed: the connection broke before its end.
        """
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """The body in pieces of at most `CHUNK_BYTES`.

        Raises:
            ConnectionFailed: the connection broke before its end.
        """
        while not self._settled:
            try:
                chunk = self._response.read(CHUNK_BYTES)
            except (OSError, HTTPException) as error:
                self._settle(keep=False)
                raise _failure(self.url, error) from error
            if not chunk or self._response.isclosed():
                missing = self._response.length or 0
                self._settle(keep=missing == 0 and not self._response.will_close)
                if missing:
                    raise ConnectionFailed(f"{_shown(self.url)} broke off {missing} bytes before the end of its answer")
            if chunk:
                yield chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._settled and kind is None and 0 <= (self._response.length or -1) <= DRAINED_BYTES:
            self.read()
        self._settle(keep=False)

    def _settle(self, keep: bool) -> None:
        if self._settled:
            return
        self._settled = True
        self._response.close()
        if keep:
            self._keep()
        else:
            self._drop()


def _send_chunks(connection: HTTPConnection, body: StreamedBody, url: str) -> None:
    left = body.size_bytes
    for chunk in _bounded(body.chunks(), left):
        connection.send(chunk)
        left -= len(chunk)
    if left:
        raise ConnectionFailed(f"the body for {_shown(url)} ended {left} bytes before its announced size")


def _bounded(chunks: Iterable[bytes], size_bytes: int) -> Iterator[bytes]:
    for chunk in chunks:
        if not size_bytes:
            return
        yield chunk[:size_bytes]
        size_bytes -= min(len(chunk), size_bytes)


def _redirected(request: Request, target: str) -> Request:
    url = urljoin(request.url, target)
    headers = request.headers
    if urlsplit(url)[:2] != urlsplit(request.url)[:2]:
        headers = {name: value for name, value in headers.items() if name.lower() not in CREDENTIALS}
    return Request("GET", url, headers, repeatable=True)


def _is_dropped(connection: HTTPConnection) -> bool:
    """Whether the other side closed an idle connection: then its end, or a farewell, is there to read."""
    if connection.sock is None:
        return True
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _joined(headers: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


def _failure(url: str, error: Exception) -> ConnectionFailed:
    if isinstance(error, TimeoutError):
        return TimedOut(f"{_shown(url)} gave no answer in time")
    return ConnectionFailed(f"{_shown(url)} cannot be reached: {error or type(error).__name__}")


def _shown(url: str) -> str:
    """``url`` without its query, which may carry a permission."""
    return url.partition("?")[0]
