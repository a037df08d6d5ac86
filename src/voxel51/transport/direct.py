"""Small exchanges over plain HTTP, made by the very thread that wants the answer.

The HTTP library does every exchange in a thread of its own, so each small call changes threads four times, which costs
more than the call. Here a call is one write and, as a rule, one read. What is not ordinary is not taken and left to the
library: TLS, proxies, limits of time, streams, large bodies, and what would have to be escaped or refused. An answer of
unusual form is read by the standard library.
"""

import os
import re
import socket
import weakref
from collections import deque
from collections.abc import Mapping

import voxel51
from voxel51.transport.connections import Connection
from voxel51.transport.failures import cannot_reach, did_not_answer, origin_of, went_broken
from voxel51.transport.heads import AsciiHeaders, UnusualAnswer, head_of, read_unusual, reason_of
from voxel51.transport.messages import Request, WholeAnswer
from voxel51.transport.setup import IDLE_SECONDS, Timeouts, may_need_proxy

LARGEST_BODY_BYTES = 64 * 1024
"""What the kernel takes at once, so that an answer which comes before the whole body was read is not lost."""

LONGEST_HEAD_BYTES = 256 * 1024
"""An answer that has not come to its body by then is none. Never less than what one read takes."""

WITH_BODY = frozenset({"POST", "PUT", "DELETE", "PATCH"})
"""Methods whose requests say how long their body is, even if there is none."""

_ADDRESS = re.compile(
    r"http://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:/(?!\.)[\w~!$&()*+,;=:@%.-]*)*(?:\?[\w~!$&()*+,;=:@%./?-]*)?)",
    re.ASCII,
)
_HEADERS = re.compile(r"(?:[A-Za-z0-9-]+: [\x20-\x7e]*\r\n)*")
_PORTS = range(1, 65536)

Origin = tuple[str, int]


class DirectSender:
    """Keeps connections, for any number of threads. A forked process has connections of its own."""

    def __init__(self, timeouts: Timeouts, *, keep_alive: bool) -> None:
        self._timeouts = timeouts
        self._keep_alive = keep_alive
        self._idle: dict[Origin, deque[Connection]] = {}
        self._open: set[Connection] = set()
        self._always = f"User-Agent: voxel51-platform/{voxel51.__version__}\r\nAccept: */*\r\n"
        weakref.finalize(self, _close_all, self._open)
        _senders.add(self)

    def fetch(self, request: Request) -> WholeAnswer | None:
        """The answer, be it a redirect; None where ``request`` is not one of those that are sent here.

        Raises:
            ConnectionFailed: as every sender.
        """
        body = request.body or b""
        if request.timeout_seconds is not None or not isinstance(body, bytes) or len(body) > LARGEST_BODY_BYTES:
            return None
        address = _ADDRESS.fullmatch(request.url)
        headers = "".join([f"{name}: {text}\r\n" for name, text in request.headers.items()])
        if address is None or _HEADERS.fullmatch(headers) is None or headers.count("\n") != len(request.headers):
            return None  # a value with a line break could look like one header more
        host, port, target = address.groups()
        origin = (host.strip("[]"), int(port or 80))
        if origin[1] not in _PORTS or may_need_proxy(origin[0]):
            return None
        length = f"Content-Length: {len(body)}\r\n" if body or request.method in WITH_BODY else ""
        place = f"{host}:{port}" if port else host
        target = target if target.startswith("/") else f"/{target}"
        head = f"{request.method} {target} HTTP/1.1\r\nHost: {place}\r\n{self._always}{headers}{length}\r\n"
        return self._exchange(origin, request, head.encode() + body)

    def close(self) -> None:
        """Give up every connection. Exchanges that still run, in whatever thread, fail with `ConnectionFailed`."""
        for idle in list(self._idle.values()):
            while idle:
                self._discard(idle.pop())
        for connection in list(self._open):
            self._open.discard(connection)
            connection.abandon()

    def release(self) -> None:
        """Let go of every connection, so that whoever shares it can go on."""
        self._idle.clear()
        _close_all(self._open)

    def _exchange(self, origin: Origin, request: Request, message: bytes) -> WholeAnswer:
        connection = self._take(origin) or self._connect(origin, request.url)
        keep = False
        try:
            connection.send(message)
            answer, keep = _answer(connection, request)
        except BlockingIOError:  # the kernel's way to say that the time is over
            raise did_not_answer(origin_of(request.url)) from None
        except OSError as error:
            raise went_broken(origin_of(request.url), str(error)) from None
        finally:
            if keep and self._keep_alive and connection in self._open:
                self._idle.setdefault(origin, deque()).append(connection.rest())
            else:
                self._discard(connection)
        return answer

    def _take(self, origin: Origin) -> Connection | None:
        """The connection that was used last, since it is the least likely to have been closed over there."""
        idle = self._idle.get(origin)
        while idle:
            try:
                connection = idle.pop()
            except IndexError:  # another thread was faster
                return None
            if connection in self._open and connection.is_fresh(IDLE_SECONDS):
                return connection
            self._discard(connection)
        return None

    def _connect(self, origin: Origin, url: str) -> Connection:
        try:
            connection = Connection(
                socket.create_connection(origin, self._timeouts.connect_seconds), self._timeouts.silence_seconds
            )
        except OSError as error:
            raise cannot_reach(origin_of(url), str(error)) from None
        self._open.add(connection)
        return connection

    def _discard(self, connection: Connection) -> None:
        self._open.discard(connection)
        connection.close()


_senders: "weakref.WeakSet[DirectSender]" = weakref.WeakSet()


def _forget_in_child() -> None:
    """What is open is the parent's: it is released here without a word to the other side."""
    for sender in _senders:
        sender.release()


os.register_at_fork(after_in_child=_forget_in_child)


def _close_all(connections: set[Connection]) -> None:
    while connections:
        connections.pop().close()


def _answer(connection: Connection, request: Request) -> tuple[WholeAnswer, bool]:
    """What comes, and whether the connection can be used again."""
    received = connection.receive()
    while (end := received.find(b"\r\n\r\n")) < 0 and received:
        more = connection.receive()
        if not more:
            raise ConnectionError("it ended in the midst of an answer")
        received += more
        if len(received) > LONGEST_HEAD_BYTES:
            raise ConnectionError(f"the head of its answer is longer than {LONGEST_HEAD_BYTES} bytes")
    if not received:
        raise ConnectionError("it was closed before an answer came")
    headers: Mapping[str, str]
    try:
        status, found, length = head_of(received[:end])
    except UnusualAnswer:
        status, headers, body, keep = read_unusual(connection, received, request.method)
    else:
        headers = AsciiHeaders(found)
        body = received[end + 4 :]
        if len(body) < length:
            body = connection.complete(body, length)
        keep = len(body) == length and found.get("connection", "").lower() != "close"
    return WholeAnswer(status, reason_of(status), request.url, headers, body), keep
