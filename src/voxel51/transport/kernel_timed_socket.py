"""Sockets whose timeouts the kernel keeps, so that a read or write is one system call."""

import socket
import struct
from typing import Any


class KernelTimedSocket(socket.socket):
    """A socket whose timeouts are the kernel's.

    With Python's own, each read and write is two system calls and releases the interpreter twice, which costs more than
    all the rest where many threads make small calls.
    """

    _seconds: float | None = None

    @classmethod
    def adopt(cls, connected: socket.socket) -> "KernelTimedSocket":
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
