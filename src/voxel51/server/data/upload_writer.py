"""Upload writer: append the body of one request to a resumable upload, and verify its checksum."""

import hashlib
import hmac
import threading
import time
from dataclasses import dataclass
from typing import Protocol, Self

from voxel51.server.errors import Conflict, Damaged, TooLarge
from voxel51.server.storage.partial import Chunk, PartialFile


class RunningHash(Protocol):
    """A hash that is being computed, as `hashlib` makes them."""

    def update(self, data: Chunk, /) -> None:
        """Hash ``data`` after what was hashed before."""

    def digest(self) -> bytes:
        """Return the hash so far, as bytes."""

    def hexdigest(self) -> str:
        """Return the hash so far, in hexadecimal."""

    def copy(self) -> Self:
        """Return a copy that continues independently."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """Expected hash of the body of one request; ``algorithm`` as `hashlib` names it."""

    algorithm: str
    digest: bytes


class UploadWriter:
    """Appends a request's body to the partial file of an upload and hashes it along the way.

    With a checksum, either the whole body is kept or nothing of it; without one, every received byte is kept. Receives
    the body as a sink of `voxel51.server.http.route`.

    Attributes:
        upload_id: the upload that the file belongs to.
        sha256: running hash of the file from its start; None if this process did not see the beginning of the file.
        size_bytes: present size of the file.
    """

    def __init__(
        self,
        upload_id: str,
        file: PartialFile | None,
        limit_bytes: int,
        sha256: RunningHash | None,
        checksum: Checksum | None,
    ) -> None:
        self.upload_id = upload_id
        self.size_bytes = file.size_bytes if file else limit_bytes
        self.sha256 = sha256.copy() if sha256 is not None else None
        self._file = file
        self._limit_bytes = limit_bytes
        self._start_bytes = self.size_bytes
        self._sha256_at_start = sha256
        self._checksum = checksum
        self._body_hash: RunningHash | None = None if checksum is None else hashlib.new(checksum.algorithm)
        self._open = True
        # Requests run in several threads: a newer one may take over (`take_over`) while this one still writes.
        self._lock = threading.Lock()
        self._active_at = time.monotonic()

    def write(self, chunk: Chunk) -> None:
        """Append ``chunk`` to the file.

        Raises:
            Conflict: another request has taken over the upload.
            TooLarge: the file would exceed its announced size; nothing of this body is kept.
        """
        with self._lock:
            if not self._open:
                raise Conflict("Another request has continued this upload. Ask for its offset and continue from there")
            if self.size_bytes + len(chunk) > self._limit_bytes:
                self._undo()
                raise TooLarge(f"The upload exceeds the {self._limit_bytes} bytes that were announced for it")
            assert self._file is not None  # noqa: S101  (only a complete upload has no open file)
            self._file.append(chunk)
            self.size_bytes = self._file.size_bytes
            for running in (self.sha256, self._body_hash):
                if running is not None:
                    running.update(chunk)
            self._active_at = time.monotonic()

    def close(self, complete: bool) -> None:
        """Release the file; ``complete`` if the whole body was received. Undo a body with the wrong checksum.

        Raises:
            Damaged: the body is complete and does not match its checksum.
        """
        with self._lock:
            if not self._open:
                return
            wrong = self._body_hash is not None and not self._matches_checksum()
            if wrong:
                self._undo()
            self._release()
        if wrong and complete:
            raise Damaged("The body does not match its checksum, and was not kept. Send it again")

    def take_over(self, idle_seconds: float) -> bool:
        """Close this writer if it received nothing for ``idle_seconds``; return whether it is closed."""
        with self._lock:
            if self._open and time.monotonic() - self._active_at >= idle_seconds:
                if self._body_hash is not None:
                    self._undo()
                self._release()
            return not self._open

    def _matches_checksum(self) -> bool:
        assert self._checksum is not None and self._body_hash is not None  # noqa: S101  (they are set together)
        return hmac.compare_digest(self._body_hash.digest(), self._checksum.digest)

    def _undo(self) -> None:
        if self._file is not None:
            self._file.truncate(self._start_bytes)
        self.size_bytes = self._start_bytes
        self.sha256 = self._sha256_at_start

    def _release(self) -> None:
        self._open = False
        if self._file is not None:
            self._file.close()
