"""HTTP connections: http.client's, with a deadline for each request, an abort from other threads, and strict heads.

The sender imports this module at its first request, because http.client takes 20 ms to import.
"""

import base64
import http.client
import io
import re
import select
import socket
import struct
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from ssl import SSLContext
from typing import Any, NamedTuple, cast
from urllib.parse import quote, unquote, urljoin, urlsplit

from voxel51.transport.environment import proxy_for
from voxel51.transport.errors import APIError, CannotConnect, ConnectionFailed, TimedOut
from voxel51.transport.messages import StreamedBody

FAILURES = (OSError, http.client.HTTPException, EOFError, zlib.error)
"""The errors that the standard library raises when a connection fails or a compressed body is cut or damaged."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ESCAPED_TARGET = re.compile(r"(?:/(?!\.)[\w~!$&()*+,;=:@%.-]*)+(?:\?[\w~!$&()*+,;=:@%./?-]*)?", re.ASCII)
"""A path, without parts that begin with a dot, and a query, both as they can be sent."""

_UNESCAPED = "~!$&'()*+,;=:@%/?"
_INVALID_IN_HOST = re.compile(r"[^\w.:%-]")

_INTERIM_STATUSES = range(102, 200)
"""Responses that announce another one. http.client skips 100 itself; after 101 no other comes."""

_INTERIM_HEAD = b"HTTP/1.1 1"
_LONGEST_REASON = 200


class Address(NamedTuple):
    """A URL in the parts that a connection needs. ``target`` is escaped and has no fragment."""

    scheme: str
    host: str
    port: int
    target: str
    credentials: str | None

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Return the parts of ``url``.

        Raises:
            ValueError: it is not an HTTP address.
        """
        path = url.find("/", len("https://"))
        if path > 0 and _ESCAPED_TARGET.fullmatch(url, path):  # nearly always; the rest repeats from call to call
            return _parse(url[:path])._replace(target=url[path:])
        return _parse(url)

    @property
    def origin(self) -> tuple[str, str, int]:
        """The part that all requests over one connection share."""
        return self[:3]

    @property
    def root(self) -> str:
        """The URL up to the target."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


@lru_cache(maxsize=64)
def _parse(url: str) -> Address:
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port
    if parts.scheme not in _DEFAULT_PORTS or not host or port == 0 or _INVALID_IN_HOST.search(host):
        raise ValueError
    path = parts.path
    if "/." in path:
        path = urlsplit(urljoin(f"{parts.scheme}://{parts.netloc}/", path)).path
    target = quote(path, safe=_UNESCAPED) or "/"
    if parts.query:
        target += "?" + quote(parts.query, safe=_UNESCAPED)
    credentials = unquote(parts.netloc.rpartition("@")[0]) or None
    return Address(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], target, credentials)


def basic_authentication(credentials: str) -> str:
    """Return the header's value for ``user:password``."""
    return "Basic " + base64.b64encode(credentials.encode()).decode()


class Connection(http.client.HTTPConnection):
    """A connection to a server, used by one request at a time.

    Attributes:
        root: the URL of the server, for texts.
        deadline: the end of the present request, on the monotonic clock; None where only silence ends it.
        idle_since: when the head of the last response came, on the same clock.
        is_aborted: whether another thread gave it up.
        is_spent: whether a request was cut short, so that no other may follow.
        forwarding: what a proxy needs that passes requests on: the start of the URL, and headers.
    """

    root = ""
    deadline: float | None = None
    idle_since = 0.0
    is_aborted = False
    is_spent = False
    forwarding: tuple[str, Mapping[str, str]] = ("", {})
    _silence_seconds = 0.0
    _connected: socket.socket | None = None

    def open(self, connect_seconds: float, silence_seconds: float) -> None:
        """Connect. From then on a read or write ends after ``silence_seconds`` without a byte.

        Raises:
            CannotConnect: no connection could be made, or the server's certificate is not trusted.
        """
        self.timeout = connect_seconds
        try:
            self.connect()
        except FAILURES as error:
            self.close()
            raise CannotConnect(
                f"cannot reach {self.root}: {_reason_of(error)}. Check that the server is running there, and that the "
                "address is right"
            ) from None
        if type(self.sock) is socket.socket:  # TLS has sockets of its own
            self.sock = _KernelTimedSocket.adopt(self.sock)
        self._silence_seconds = silence_seconds
        self._connected = self.sock  # http.client lets go of its own before the end of a connection's last response
        self._poll = select.poll()
        self._poll.register(self.sock, select.POLLIN)
        # http.client only calls it
        self.response_class = partial(_StrictResponse, self._limit_wait)  # type: ignore[assignment]

    @property
    def is_usable(self) -> bool:
        """Whether another request can be sent. What comes unasked is the end of the connection, or announces it."""
        return self.sock is not None and not self.is_spent and not self._has_received()

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | StreamedBody | None
    ) -> http.client.HTTPResponse:
        """Send a request and return its response, which is complete up to the body.

        A server that refuses a body may answer and close the connection before the body has gone up. Sending fails
        then, and the response says why: so it is looked for after a failure, too.

        Raises:
            ConnectionFailed: no response came.
            Exception: the error that a streamed body raised while it was read.
        """
        self._limit_silence(self._silence_seconds)
        streamed = isinstance(body, StreamedBody)
        failure = self._sending(lambda: self._send_request(method, target, headers, None if streamed else body))
        if failure is None and isinstance(body, StreamedBody):
            failure = self._send_stream(body)
            # The server has all of the body and may take its time over it: only the deadline ends the wait.
            self._limit_silence(max(self._silence_seconds, (self.deadline or 0) - time.monotonic()))
        self.is_spent = self.is_spent or failure is not None
        try:
            if isinstance(failure, TimeoutError) and not self._has_received():
                raise failure
            response = self.getresponse()
        except FAILURES as error:
            raise self.failure(failure or error) from None
        self._limit_silence(self._silence_seconds)
        self.idle_since = time.monotonic()
        return response

    def failure(self, error: Exception) -> ConnectionFailed:
        """Return our error for one of `FAILURES`. Raise it ``from None``: the original may quote the URL."""
        if isinstance(error, TimeoutError):
            return TimedOut(f"{self.root} did not answer in time")
        return ConnectionFailed(f"the connection to {self.root} broke: {_reason_of(error)}")

    def send(self, data: Any) -> None:
        """Send bytes before the deadline. http.client calls this for heads and bodies."""
        if self._connected is None:  # to a proxy, for a tunnel
            super().send(data)
            return
        left = memoryview(data)
        while left:
            self._limit_wait()
            left = left[self._connected.send(left) :]

    def abort(self) -> None:
        """Make the thread that uses it fail at once; that thread closes it."""
        self.is_aborted = True
        if self._connected is not None:
            with suppress(OSError):  # it is broken or closed already
                self._connected.shutdown(socket.SHUT_RDWR)

    def _send_request(self, method: str, target: str, headers: Mapping[str, str], body: Any) -> None:
        start, more_headers = self.forwarding
        self.putrequest(method, start + target, skip_accept_encoding=True)
        for name, text in (*headers.items(), *more_headers.items()):
            self.putheader(name, text)
        self.endheaders(body or None)

    def _send_stream(self, body: StreamedBody) -> Exception | None:
        """Send a body piece by piece, as long as the server has not answered; return what ended it early.

        Raises:
            ConnectionFailed: the body ended before its announced size.
            Exception: the error that the body raised.
        """
        left = body.size_bytes
        for chunk in body.chunks():
            if not left:
                break
            if self._is_answered():
                self.is_spent = True
                return None
            piece = chunk[:left]
            failure = self._sending(partial(self.send, piece))
            if failure is not None:
                return failure
            left -= len(piece)
        if left:
            raise ConnectionFailed(f"the body for {self.root} ended {left} bytes before its announced size")
        return None

    def _sending(self, send: Callable[[], None]) -> Exception | None:
        try:
            send()
        except FAILURES as error:
            return error
        return None

    def _is_answered(self) -> bool:
        """Return whether a response has come while a body goes up."""
        if not self._has_received() or self._connected is None:
            return False
        return not self._connected.recv(len(_INTERIM_HEAD), socket.MSG_PEEK).startswith(_INTERIM_HEAD)

    def _has_received(self) -> bool:
        return bool(self._poll.poll(0))

    def _limit_silence(self, seconds: float) -> None:
        self.timeout = seconds
        if self._connected is not None:
            self._connected.settimeout(seconds)

    def _limit_wait(self) -> None:
        """Bound the next read or write by what is left of the request's time."""
        if self.deadline is not None and self._connected is not None:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the time for the request is over")
            self._connected.settimeout(min(left, self.timeout or left))


class SecureConnection(Connection, http.client.HTTPSConnection):
    """A connection over TLS."""

    def _is_answered(self) -> bool:
        """Return False: what has come may be a message of TLS itself. A refusal is seen when sending fails."""
        return False


def prepare(address: Address, context: Callable[[], SSLContext]) -> Connection:
    """Return a connection to ``address`` that is not open yet, through a proxy where one is configured.

    ``context`` returns the settings of TLS; it is called where they are needed.

    Raises:
        APIError: the proxy is of an unsupported kind, or a certificate file cannot be read.
    """
    proxy_url = proxy_for(address.scheme, address.host)
    proxy = address if proxy_url is None else _proxy_address(proxy_url, address)
    if address.scheme == "https":
        connection: Connection = SecureConnection(proxy.host, proxy.port, context=context())
    else:
        connection = Connection(proxy.host, proxy.port)
    if proxy_url is not None:
        headers = {"Proxy-Authorization": basic_authentication(proxy.credentials)} if proxy.credentials else {}
        if address.scheme == "https":
            connection.set_tunnel(address.host, address.port, headers)
        else:
            connection.forwarding = (address.root, headers)
    connection.root = address.root
    return connection


def _proxy_address(url: str, address: Address) -> Address:
    with suppress(ValueError):
        proxy = Address.parse(url)
        if proxy.scheme == "http":
            return proxy
    raise APIError(
        f"the proxy for {address.root} cannot be used: only proxies are supported whose URL begins with http://", 0
    )


def _reason_of(error: Exception) -> str:
    text = str(error)[:_LONGEST_REASON]  # it may quote the server
    if not text or isinstance(error, http.client.HTTPException):
        return f"{type(error).__name__}: {text}".removesuffix(": ")
    return text


class _KernelTimedSocket(socket.socket):
    """A socket whose timeouts are the kernel's.

    With Python's own, each read and write is two system calls and releases the interpreter twice, which costs more than
    all the rest where many threads make small calls.
    """

    _seconds: float | None = None

    @classmethod
    def adopt(cls, connected: socket.socket) -> "_KernelTimedSocket":
        """Return such a socket, which replaces ``connected``."""
        family, kind, protocol = connected.family, connected.type, connected.proto
        connected.settimeout(None)
        return cls(family, kind, protocol, fileno=connected.detach())

    def settimeout(self, seconds: float | None) -> None:
        """Let reads and writes end after ``seconds``."""
        if seconds != self._seconds:
            self._seconds = seconds
            microseconds = 0 if seconds is None else max(int(seconds * 1e6), 1)  # to the kernel, 0 is without end
            limit = struct.pack("ll", *divmod(microseconds, 1_000_000))
            self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
            self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def recv_into(self, *arguments: Any) -> int:
        """Receive bytes.

        Raises:
            TimeoutError: none came in time.
        """
        try:
            return super().recv_into(*arguments)
        except BlockingIOError:
            raise TimeoutError("no byte came in time") from None

    def send(self, *arguments: Any) -> int:
        """Send bytes, perhaps not all.

        Raises:
            TimeoutError: none could be sent in time.
        """
        try:
            return super().send(*arguments)
        except BlockingIOError:
            raise TimeoutError("no byte was taken in time") from None


class _StrictResponse(http.client.HTTPResponse):
    """A response whose head must be whole and well-formed.

    http.client takes the end of a connection for the end of a head, so a response that was cut there would pass for
    one with an empty body.
    """

    def __init__(self, limit_wait: Callable[[], None], sock: socket.socket, **options: Any) -> None:
        self._sock, self._limit_wait = sock, limit_wait
        super().__init__(cast("socket.socket", self), **options)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what http.client reads the response from: it is given this object instead of the socket."""
        self._receiving = _Receiving(self._sock.makefile("rb", buffering=0), self._limit_wait)
        return io.BufferedReader(self._receiving)

    def begin(self) -> None:
        """Receive the head of the final response."""
        self._receiving.is_in_head = True
        super().begin()
        while self.status in _INTERIM_STATUSES:
            self.headers = self.msg = None  # type: ignore[assignment]  # so that the next head is read
            super().begin()
        self._receiving.is_in_head = False
        if self.msg.defects:
            raise http.client.HTTPException("the head of the response is malformed")


class _Receiving(io.RawIOBase):
    """Reads a socket within the time limits of its connection."""

    def __init__(self, raw: io.RawIOBase, limit_wait: Callable[[], None]) -> None:
        self._raw = raw
        self._limit_wait = limit_wait
        self.is_in_head = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what comes next, or has come.

        Raises:
            ConnectionResetError: it ended before the head of a response was complete.
        """
        self._limit_wait()
        count = self._raw.readinto(buffer)
        if not count and self.is_in_head:
            raise ConnectionResetError("it was closed before the head of the response was complete")
        return count

    def close(self) -> None:
        """Release the socket."""
        self._raw.close()
        super().close()
