"""Background hashes: the SHA-256 of a file, computed in another thread while the file arrives and is written."""

import threading
from typing import TYPE_CHECKING

from voxel51.wire.hashing import new_sha256

if TYPE_CHECKING:
    from queue import Queue

_FOREGROUND_BYTES = 4 * 1024 * 1024
"""A file up to this size is hashed by the caller: that takes less time than a thread costs."""

_MOST_WAITING = 4
"""The number of pieces that may wait for the thread. Further ones make the caller wait, so memory stays constant."""


class BackgroundHash:
    """The SHA-256 of the pieces passed to `update`. End it with `hexdigest` or `close`: then no thread is left.

    Attributes:
        size_bytes: of all pieces so far.
    """

    def __init__(self) -> None:
        self.size_bytes = 0
        self._sha256 = new_sha256()
        self._waiting: Queue[bytes | None]
        self._thread: threading.Thread | None = None

    def update(self, piece: bytes) -> None:
        """Append a piece."""
        self.size_bytes += len(piece)
        if self.size_bytes <= _FOREGROUND_BYTES:
            self._sha256.update(piece)
            return
        if self._thread is None:
            self._start()
        self._waiting.put(piece)

    def hexdigest(self) -> str:
        """Wait for the thread and return the hash, in hexadecimal."""
        self.close()
        return self._sha256.hexdigest()

    def close(self) -> None:
        """Wait for the thread and end it. Closing twice does nothing."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    def _start(self) -> None:
        from queue import Queue  # noqa: PLC0415  (only large files need it)

        self._waiting = Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._hash, name="voxel51-hash", daemon=True)
        self._thread.start()

    def _hash(self) -> None:
        while (piece := self._waiting.get()) is not None:
            self._sha256.update(piece)
