"""Kept connections: sockets that give up when the other side is silent, and tell whether they still can be used."""

import select
import socket
import struct
import time
from contextlib import suppress
from typing import Self

RECEIVED_BYTES = 32 * 1024
"""What one read takes: more than nearly all answers have."""


class Connection:
    """One connection to a server.

    The limit on silence is the kernel's (``SO_RCVTIMEO``): Python's own would ask before each read whether there is
    something to read. When it is over, reads and writes raise BlockingIOError.
    """

    __slots__ = ("_idle_since", "_looker", "_socket", "send")

    def __init__(self, connected: socket.socket, silence_seconds: float) -> None:
        connected.settimeout(None)
        limit = struct.pack("ll", int(silence_seconds), int(silence_seconds % 1 * 1e6))
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected
        self._looker = select.poll()
        self._looker.register(connected, select.POLLIN)
        self._idle_since = 0.0
        self.send = connected.sendall

    def receive(self) -> bytes:
        """What comes next, or has come; nothing when the other side has closed."""
        return self._socket.recv(RECEIVED_BYTES)

    def complete(self, begun: bytes, length: int) -> bytes:
        """``length`` bytes, which begin with ``begun``.

        Raises:
            ConnectionError: there are fewer.
        """
        whole = bytearray(length)
        whole[: len(begun)] = begun
        left = memoryview(whole)[len(begun) :]
        while left:
            count = self._socket.recv_into(left)
            if not count:
                raise ConnectionError(f"it ended {len(left)} bytes before the end of an answer")
            left = left[count:]
        return bytes(whole)

    def rest(self) -> Self:
        """It is not needed for now."""
        self._idle_since = time.monotonic()
        return self

    def is_fresh(self, idle_seconds: float) -> bool:
        """Whether it rests for at most ``idle_seconds``, and the other side has said nothing meanwhile: not even that
        it closes.
        """
        return time.monotonic() - self._idle_since <= idle_seconds and not self._looker.poll(0)

    def abandon(self) -> None:
        """Let whoever waits for it find it broken, who then closes it."""
        with suppress(OSError):  # it is broken or closed already
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Release it."""
        self._socket.close()
