"""HTTP connections: urllib3's, with a deadline for each request, an abort from other threads, and strict heads.

The sender imports this module at its first request: urllib3 takes longer to import than the rest of the client.
"""

import http.client
import io
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from ssl import SSLContext
from typing import Any, NamedTuple
from urllib.parse import unquote

import urllib3.exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection, ProxyConfig
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse
from urllib3.util import SKIP_HEADER, Url, make_headers, parse_url
from urllib3.util.wait import wait_for_read

from voxel51.transport.environment import proxy_for
from voxel51.transport.errors import APIError, CannotConnect, ConnectionFailed, TimedOut
from voxel51.transport.messages import StreamedBody

FAILURES = (OSError, http.client.HTTPException, HTTPError)
"""The errors that urllib3 and the standard library raise when a connection fails."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_INTERIM_STATUSES = range(102, 200)
"""Responses that announce another one. http.client skips 100 itself; after 101 no other comes."""

_INTERIM_HEAD = b"HTTP/1.1 1"
_LONGEST_REASON = 200
_RECEIVE_BYTES = 32 * 1024
"""The size of one read while a head is received: nearly all small responses fit."""


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
        try:
            parts = parse_url(url)
        except HTTPError:  # its text holds the whole URL
            raise ValueError from None
        if parts.scheme not in _DEFAULT_PORTS or not parts.host or parts.port == 0:
            raise ValueError
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        return cls(parts.scheme, parts.host.strip("[]"), port, parts.request_uri, parts.auth)

    @property
    def origin(self) -> tuple[str, str, int]:
        """What the requests of one connection have in common."""
        return self[:3]

    @property
    def root(self) -> str:
        """The URL up to the target."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


class Connection(HTTPConnection):
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
        self.timeout = self._silence_seconds = silence_seconds
        self._connected = self.sock  # http.client lets go of its own before the end of a connection's last response
        # http.client only calls it
        self.response_class = partial(_StrictResponse, self._limit_wait)  # type: ignore[assignment]

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | StreamedBody | None
    ) -> HTTPResponse:
        """Send a request and return its response, which is complete up to the body.

        A server that refuses a body may answer and close the connection before the body has gone up. Sending fails
        then, and the response says why: so it is looked for after a failure, too.

        Raises:
            ConnectionFailed: no response came.
            Exception: the error that a streamed body raised while it was read.
        """
        start, more_headers = self.forwarding
        failure = self._sending(
            lambda: self.request(
                method,
                start + target,
                body=None if isinstance(body, StreamedBody) else body,
                headers={"Accept-Encoding": SKIP_HEADER, **headers, **more_headers},
                preload_content=False,
            )
        )
        if failure is None and isinstance(body, StreamedBody):
            failure = self._send_stream(body)
            # The server has all of the body and may take its time over it: only the deadline ends the wait.
            self.timeout = max(self._silence_seconds, (self.deadline or 0) - time.monotonic())
        self.is_spent = self.is_spent or failure is not None
        try:
            if isinstance(failure, TimeoutError) and not self._has_received():
                raise failure
            response = self.getresponse()
        except FAILURES as error:
            raise self.failure(failure or error) from None
        self.timeout = self._silence_seconds
        self.idle_since = time.monotonic()
        return response

    def failure(self, error: Exception) -> ConnectionFailed:
        """Return our error for one of `FAILURES`. Raise it ``from None``: the original may name the whole URL."""
        if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
            return TimedOut(f"{self.root} did not answer in time")
        return ConnectionFailed(f"the connection to {self.root} broke: {_reason_of(error)}")

    def send(self, data: Any) -> None:
        """Send bytes before the deadline. urllib3 calls this for heads and bodies."""
        self._limit_wait()
        super().send(data)

    def abort(self) -> None:
        """Make the thread that uses it fail at once; that thread closes it."""
        self.is_aborted = True
        if self._connected is not None:
            with suppress(OSError):  # it is broken or closed already
                self._connected.shutdown(socket.SHUT_RDWR)

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
            failure = self._sending(lambda piece=piece: self.send(piece))  # type: ignore[misc]
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
        if not self._has_received() or self.sock is None:
            return False
        return not self.sock.recv(len(_INTERIM_HEAD), socket.MSG_PEEK).startswith(_INTERIM_HEAD)

    def _has_received(self) -> bool:
        return self.sock is not None and wait_for_read(self.sock, timeout=0)

    def _limit_wait(self) -> None:
        """Bound the next read or write by what is left of the request's time."""
        if self.deadline is not None and self._connected is not None:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the time for the request is over")
            self._connected.settimeout(min(left, self.timeout or left))


class SecureConnection(Connection, HTTPSConnection):
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
    if proxy_url is not None:
        connection = _through_proxy(address, parse_url(proxy_url), context)
    elif address.scheme == "https":
        connection = SecureConnection(address.host, address.port, ssl_context=context())
    else:
        connection = Connection(address.host, address.port)
    connection.root = address.root
    return connection


def _through_proxy(address: Address, proxy: Url, context: Callable[[], SSLContext]) -> Connection:
    """Return a connection by which a proxy passes plain requests on, or opens a tunnel for TLS."""
    if proxy.scheme not in _DEFAULT_PORTS or proxy.host is None:
        raise APIError(f"the proxy for {address.root} is not an HTTP proxy, the only kind that is supported", 0)
    headers = make_headers(proxy_basic_auth=unquote(proxy.auth)) if proxy.auth else {}
    host, port = proxy.host.strip("[]"), proxy.port or _DEFAULT_PORTS[proxy.scheme]
    connection: Connection
    if "https" in {proxy.scheme, address.scheme}:
        trust = context()
        config = ProxyConfig(trust, use_forwarding_for_https=False, assert_hostname=None, assert_fingerprint=None)
        connection = SecureConnection(host, port, ssl_context=trust, proxy=proxy, proxy_config=config)
    else:
        connection = Connection(host, port, proxy=proxy)
    if address.scheme == "https":
        connection.set_tunnel(address.host, address.port, headers, scheme=proxy.scheme)
    else:
        connection.forwarding = (address.root, headers)
    return connection


def _reason_of(error: BaseException) -> str:
    """Return the text of the first cause. Those that follow from it repeat addresses."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = str(error)[:_LONGEST_REASON]  # it may quote the server
    if not text or isinstance(error, http.client.HTTPException):
        return f"{type(error).__name__}: {text}".removesuffix(": ")
    return text


class _StrictResponse(http.client.HTTPResponse):
    """A response whose head must be whole and well-formed.

    http.client takes the end of a connection for the end of a head, so a response that was cut there would pass for
    one with an empty body. urllib3 logs malformed heads together with the whole URL, which may hold secrets.
    """

    def __init__(self, limit_wait: Callable[[], None], sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._receiving = _Receiving(self.fp.detach(), limit_wait)
        self.fp = io.BufferedReader(self._receiving, _RECEIVE_BYTES)

    def begin(self) -> None:
        """Receive the head of the final response."""
        self._receiving.is_in_head = True
        super().begin()
        while self.status in _INTERIM_STATUSES:
            self.headers = self.msg = None  # type: ignore[assignment]  # so that the next head is read
            super().begin()
        self._receiving.is_in_head = False
        if self.msg.defects:
            raise http.client.HTTPException("the head of its response is malformed")


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
