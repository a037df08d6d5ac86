"""Cancellation: end one call from another thread."""

import threading
from typing import Protocol


class Abortable(Protocol):
    """A connection that another thread can make fail."""

    def abort(self) -> None:
        """Make the thread that uses it fail at once."""


class Cancellation:
    """Ends one call at once: aborts the connection that it uses, and ends its pauses between attempts."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._connection: Abortable | None = None

    def cancel(self) -> None:
        """Make the call fail where it waits, or at its next step."""
        self._cancelled.set()
        with self._lock:
            if self._connection is not None:
                self._connection.abort()

    def wait(self, seconds: float) -> bool:
        """Wait for ``seconds`` or until the call is cancelled. Return whether it is."""
        return self._cancelled.wait(seconds)

    def watch(self, connection: Abortable | None) -> None:
        """Abort ``connection`` when the call is cancelled, and no longer the one before.

        Call this with None before a connection may be used by another call: the lock excludes that the other is hit.
        """
        with self._lock:
            self._connection = connection
            if connection is not None and self._cancelled.is_set():
                connection.abort()
