"""One request's worth of an upload that comes in pieces."""

import hashlib
import hmac
import threading
import time
from dataclasses import dataclass
from typing import Any

from voxel51.server.errors import Conflict, Damaged, TooLarge
from voxel51.server.storage.growing import Growth


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the body of one request is to hash to: ``algorithm`` as `hashlib` names it."""

    algorithm: str
    digest: bytes


class Appender:
    """Appends a body to an upload's file, hashing in passing. A `voxel51.server.http.route.Sink`.

    With a checksum, the body counts whole or not at all; without, every byte that came counts.

    Attributes:
        upload_id: whose file it is.
        sha256: running hash of the file from its start; None where its beginning was not seen by this process.
        size_bytes: of the file.
    """

    def __init__(
        self, upload_id: str, growth: Growth | None, most_bytes: int, sha256: Any, checksum: Checksum | None
    ) -> None:
        self.upload_id = upload_id
        self.size_bytes = growth.size_bytes if growth else most_bytes
        self.sha256 = sha256.copy() if sha256 is not None else None
        self._growth = growth
        self._most_bytes = most_bytes
        self._start_bytes = self.size_bytes
        self._sha256_at_start = sha256
        self._checksum = checksum
        self._running = None if checksum is None else hashlib.new(checksum.algorithm)
        self._open = True
        self._lock = threading.Lock()
        self._active_at = time.monotonic()

    def write(self, chunk: bytes | bytearray) -> None:
        """See `Sink.write`.

        Raises:
            Conflict: another request has taken over.
            TooLarge: it is more than was announced for the whole; nothing of this body is kept.
        """
        with self._lock:
            if not self._open:
                raise Conflict("Another request goes on with this upload; ask where it stands")
            if self.size_bytes + len(chunk) > self._most_bytes:
                self._undo()
                raise TooLarge(f"More came than the {self._most_bytes} bytes that were announced for this upload")
            assert self._growth is not None  # noqa: S101  (only what is whole already has none)
            self._growth.append(chunk)
            self.size_bytes = self._growth.size_bytes
            for running in (self.sha256, self._running):
                if running is not None:
                    running.update(chunk)
            self._active_at = time.monotonic()

    def close(self, complete: bool) -> None:
        """See `Sink.close`.

        Raises:
            Damaged: the body is complete, and not what its checksum says.
        """
        with self._lock:
            if not self._open:
                return
            wrong = self._running is not None and not self._is_right()
            if wrong:
                self._undo()
            self._release()
        if wrong and complete:
            raise Damaged("What came is not what its checksum says, and was not kept; send it again")

    def take_away(self, idle_seconds: float) -> bool:
        """End it, so that another may go on, if nothing has come for so long; returns whether it is at its end."""
        with self._lock:
            if self._open and time.monotonic() - self._active_at >= idle_seconds:
                if self._running is not None:
                    self._undo()
                self._release()
            return not self._open

    def _is_right(self) -> bool:
        assert self._checksum is not None and self._running is not None  # noqa: S101  (they come together)
        return hmac.compare_digest(self._running.digest(), self._checksum.digest)

    def _undo(self) -> None:
        if self._growth is not None:
            self._growth.shorten(self._start_bytes)
        self.size_bytes = self._start_bytes
        self.sha256 = self._sha256_at_start

    def _release(self) -> None:
        self._open = False
        if self._growth is not None:
            self._growth.close()
