"""One connection to a checked address, with its patience: what `http.client` and its kin cannot promise.

A timeout of a socket counts anew with every byte, so that whoever sends a byte a minute holds it for ever. Here the
time spent waiting for the other side is counted together, and only that: a slow reader of ours is not its fault.
"""

import socket
import ssl
import time
from dataclasses import dataclass
from functools import cache

from voxel51.server.outbound.guard import Target


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the other side is waited for.

    Attributes:
        connect_seconds: until there is a connection, TLS included, all addresses together.
        answer_seconds: from there until the head of the answer is complete.
        stall_seconds: without a byte.
        slowest_bytes_per_second: on the average of a body, once ``stall_seconds`` were spent waiting for it.
    """

    connect_seconds: float = 10
    answer_seconds: float = 30
    stall_seconds: float = 30
    slowest_bytes_per_second: int = 16 * 1024


class Line:
    """An open connection. Every call raises OSError (TimeoutError among them) when the other side is not up to it."""

    def __init__(self, target: Target, patience: Patience) -> None:
        self._stall_seconds = patience.stall_seconds
        self._left_seconds = patience.connect_seconds
        self._socket = self._connect(target)
        self._left_seconds = patience.answer_seconds

    def allow(self, seconds: float) -> None:
        """Wait for so long from now on, all waiting together."""
        self._left_seconds = seconds

    def extend(self, seconds: float) -> None:
        """Wait for so much longer."""
        self._left_seconds += seconds

    def send(self, content: bytes) -> None:
        """Send all of it."""
        started = self._begin_waiting()
        try:
            self._socket.sendall(content)  # its timeout is one for all of it
        finally:
            self._left_seconds -= time.monotonic() - started

    def receive(self, size_bytes: int) -> bytes:
        """What has come, ``size_bytes`` at most; nothing at the end."""
        started = self._begin_waiting()
        try:
            return self._socket.recv(size_bytes)
        finally:
            self._left_seconds -= time.monotonic() - started

    def close(self) -> None:
        """Hang up. Closing twice does nothing."""
        self._socket.close()

    def _begin_waiting(self) -> float:
        if self._left_seconds <= 0:
            raise TimeoutError("too slow")
        self._socket.settimeout(min(self._stall_seconds, self._left_seconds))
        return time.monotonic()

    def _connect(self, target: Target) -> socket.socket:
        failure: OSError = OSError("there is no address")
        deadline = time.monotonic() + self._left_seconds
        for address in target.addresses:
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                raise TimeoutError("no connection in time")
            try:
                # An address, not a name: nothing is resolved a second time.
                connection = socket.create_connection((str(address), target.port), seconds)
            except OSError as error:
                failure = error
                continue
            try:
                return self._secured(connection, target, deadline)
            except BaseException:
                connection.close()
                raise
        raise failure

    def _secured(self, connection: socket.socket, target: Target, deadline: float) -> socket.socket:
        if target.scheme == "http":
            return connection
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        return trust().wrap_socket(connection, server_hostname=target.host)


@cache
def trust() -> ssl.SSLContext:
    """The system's authorities, or those that ``SSL_CERT_FILE`` names. Read once: it takes milliseconds."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
