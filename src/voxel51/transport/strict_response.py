"""HTTP responses of http.client whose head must be complete and well-formed."""

import http.client
import io
import socket
from collections.abc import Callable
from typing import Any, cast

_INTERIM_STATUSES = range(102, 200)
"""Responses that announce another one. http.client skips 100 itself; after 101 no other comes."""


class StrictResponse(http.client.HTTPResponse):
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
