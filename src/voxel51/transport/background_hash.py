"""Background hashes: the SHA-256 of a file, computed in another thread while the file arrives and is written."""

import os
import threading
from typing import TYPE_CHECKING

from voxel51.wire.hashing import new_sha256

if TYPE_CHECKING:
    from queue import Queue

_FOREGROUND_BYTES = 4 * 1024 * 1024
"""A file up to this size is hashed by the caller, unless the thread runs: that takes less time than a thread costs."""

_READ_BYTES = 256 * 1024
_MOST_WAITING = 4
"""The number of pieces that may wait for the thread. Further ones make the caller wait, so memory stays constant."""


class BackgroundHash:
    """The SHA-256 of the pieces passed to `update` and of those that `follow` reads back from a file.

    End it with `hexdigest` or `close`: then no thread is left.

    Attributes:
        size_bytes: of all pieces so far.
    """

    def __init__(self) -> None:
        self.size_bytes = 0
        self._sha256 = new_sha256()
        self._hashed_bytes = 0
        self._error: OSError | None = None
        self._waiting: Queue[bytes | tuple[int, int] | None]
        self._thread: threading.Thread | None = None

    def update(self, piece: bytes) -> None:
        """Append a piece."""
        self.size_bytes += len(piece)
        if self.size_bytes <= _FOREGROUND_BYTES and self._thread is None:
            self._add(piece)
        else:
            self._enqueue(piece)

    def follow(self, descriptor: int, end: int) -> None:
        """Append the bytes of a file from `size_bytes` to ``end``, which are written already; the thread reads them."""
        self.size_bytes = end
        self._enqueue((descriptor, end))

    def hexdigest(self) -> str:
        """Wait for the thread and return the hash, in hexadecimal.

        Raises:
            OSError: a followed file could not be read, or is shorter than announced.
        """
        self.close()
        if self._error is not None:
            raise self._error
        return self._sha256.hexdigest()

    def close(self) -> None:
        """Wait for the thread and end it. Closing twice does nothing."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    def _enqueue(self, piece: bytes | tuple[int, int]) -> None:
        if self._thread is None:
            self._start()
        self._waiting.put(piece)

    def _start(self) -> None:
        from queue import Queue  # noqa: PLC0415  (only large files need it)

        self._waiting = Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._hash, name="voxel51-hash", daemon=True)
        self._thread.start()

    def _hash(self) -> None:
        while (piece := self._waiting.get()) is not None:
            if isinstance(piece, bytes):
                self._add(piece)
            elif self._error is None:  # after an error the queue is only emptied, or its other end would wait forever
                try:
                    self._read(*piece)
                except OSError as error:
                    self._error = error

    def _read(self, descriptor: int, end: int) -> None:
        while self._hashed_bytes < end:
            piece = os.pread(descriptor, min(_READ_BYTES, end - self._hashed_bytes), self._hashed_bytes)
            if not piece:
                raise OSError(f"the partial file ends after {self._hashed_bytes} of {end} bytes")
            self._add(piece)

    def _add(self, piece: bytes) -> None:
        self._sha256.update(piece)
        self._hashed_bytes += len(piece)
