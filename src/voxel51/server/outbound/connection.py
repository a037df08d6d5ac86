"""Outbound connections: a TCP or TLS connection to a checked address, with timeouts that a slow host cannot stretch.

A socket's timeout restarts with every byte, so a host that sends one byte a minute could hold a connection forever.
Here all time spent waiting for the other side is added up and limited. Time that our own reader takes does not count.
"""

import socket
import ssl
import time
from dataclasses import dataclass
from functools import cache

from voxel51.server.outbound.guard import Target


@dataclass(frozen=True, slots=True)
class OutboundTimeouts:
    """Limits on waiting for another host.

    Attributes:
        connect_seconds: to connect, TLS handshake included, over all addresses together.
        response_seconds: from the connection until the head of the response is complete.
        stall_seconds: without receiving a byte.
        min_bytes_per_second: average rate of a body, enforced after ``stall_seconds`` of waiting for it.
    """

    connect_seconds: float = 10
    response_seconds: float = 30
    stall_seconds: float = 30
    min_bytes_per_second: int = 16 * 1024


class OutboundConnection:
    """An open connection. Every method raises OSError (TimeoutError included) when the other side fails or is slow."""

    def __init__(self, target: Target, timeouts: OutboundTimeouts) -> None:
        self._stall_seconds = timeouts.stall_seconds
        self._budget_seconds = timeouts.connect_seconds
        self._socket = self._connect(target)
        self._budget_seconds = timeouts.response_seconds

    def set_budget(self, seconds: float) -> None:
        """Limit all waiting from now on to ``seconds`` in total."""
        self._budget_seconds = seconds

    def extend_budget(self, seconds: float) -> None:
        """Allow ``seconds`` more of waiting."""
        self._budget_seconds += seconds

    def send(self, content: bytes) -> None:
        """Send all of ``content``."""
        started = self._begin_waiting()
        try:
            self._socket.sendall(content)  # sendall applies one timeout to the whole content
        finally:
            self._budget_seconds -= time.monotonic() - started

    def receive(self, max_bytes: int) -> bytes:
        """Return the next bytes, ``max_bytes`` at most; empty at the end of the stream."""
        started = self._begin_waiting()
        try:
            return self._socket.recv(max_bytes)
        finally:
            self._budget_seconds -= time.monotonic() - started

    def close(self) -> None:
        """Close the connection. Closing twice does nothing."""
        self._socket.close()

    def _begin_waiting(self) -> float:
        if self._budget_seconds <= 0:
            raise TimeoutError("too slow")
        self._socket.settimeout(min(self._stall_seconds, self._budget_seconds))
        return time.monotonic()

    def _connect(self, target: Target) -> socket.socket:
        failure: OSError = OSError("the host has no address")
        deadline = time.monotonic() + self._budget_seconds
        for address in target.addresses:
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                raise TimeoutError("no connection in time")
            try:
                # The checked address, not the name: resolving the name again could lead elsewhere (DNS rebinding).
                connection = socket.create_connection((str(address), target.port), seconds)
            except OSError as error:
                failure = error
                continue
            try:
                return self._wrap_tls(connection, target, deadline)
            except BaseException:
                connection.close()
                raise
        raise failure

    def _wrap_tls(self, connection: socket.socket, target: Target, deadline: float) -> socket.socket:
        if target.scheme == "http":
            return connection
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        return tls_context().wrap_socket(connection, server_hostname=target.host)


@cache
def tls_context() -> ssl.SSLContext:
    """Return a context that trusts the system's authorities, or those that ``SSL_CERT_FILE`` names.

    Cached: loading the authorities takes milliseconds.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
