"""HTTP connections: http.client's, with a deadline for each request and an abort from other threads.

The sender imports this module at its first request, because http.client takes 20 ms to import.
"""

import http.client
import select
import socket
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from ssl import SSLContext
from typing import Any

from voxel51.transport.addresses import Address, basic_authentication
from voxel51.transport.environment import proxy_for
from voxel51.transport.errors import APIError, CannotConnect, ConnectionFailed, TimedOut
from voxel51.transport.kernel_timed_socket import KernelTimedSocket
from voxel51.transport.messages import StreamedBody
from voxel51.transport.strict_response import StrictResponse

FAILURES = (OSError, http.client.HTTPException, EOFError, zlib.error)
"""The errors that the standard library raises when a connection fails or a compressed body is cut or damaged."""

_INTERIM_HEAD = b"HTTP/1.1 1"
_LONGEST_REASON = 200


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
            self.sock = KernelTimedSocket.adopt(self.sock)
        self._silence_seconds = silence_seconds
        self._connected = self.sock  # http.client lets go of its own before the end of a connection's last response
        self._poll = select.poll()
        self._poll.register(self.sock, select.POLLIN)
        # http.client only calls it
        self.response_class = partial(StrictResponse, self._limit_wait)  # type: ignore[assignment]

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
        try:
            head = self._connected.recv(len(_INTERIM_HEAD), socket.MSG_PEEK)
        except OSError:  # the connection broke: reading the response says why
            return True
        return not head.startswith(_INTERIM_HEAD)

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
