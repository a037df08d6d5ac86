"""Partial files: the interface to append-only files that arrive in several requests and survive restarts.

Appended bytes are kept even if the process dies at any moment. A partial file is invisible under its key until it is
finished. A store with a minimum part size keeps a shorter rest separately; that is why bytes are appended through a
handle, which may buffer them, and counted by `PartialFile.size_bytes`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Chunk = bytes | bytearray | memoryview
"""A piece of a file. Its memory may be used again once the call that takes it has returned."""


@dataclass(frozen=True, slots=True)
class FileInfo:
    """Key, size and time of the last change of a file."""

    key: str
    size_bytes: int
    modified_at: datetime


class PartialFile(Protocol):
    """A partial file that is open for appending. The caller ensures that each key is open only once at a time."""

    size_bytes: int

    def append(self, chunk: Chunk) -> None:
        """Append ``chunk``. Once this returns, the bytes survive the death of the process.

        Raises:
            voxel51.server.errors.OutOfSpace: the storage is full; earlier bytes are kept.
        """

    def truncate(self, size_bytes: int) -> None:
        """Discard all but the first ``size_bytes``."""

    def close(self) -> None:
        """Make what was appended durable, and release the handle. Closing twice does nothing.

        Raises:
            voxel51.server.errors.OutOfSpace: the storage is full.
        """


class PartialFiles(Protocol):
    """Partial files by the key that each will have once it is finished."""

    def open(self, key: str, expected_bytes: int = 0) -> PartialFile:
        """Open a partial file for appending, and create it if it does not exist.

        Raises:
            voxel51.server.errors.OutOfSpace: ``expected_bytes`` more do not fit.
            voxel51.server.errors.Locked: another process has it open, as far as the storage can tell.
        """

    def size_bytes(self, key: str) -> int:
        """Return the number of bytes kept so far; 0 if the file was never created."""

    def read(self, key: str) -> Iterator[bytes]:
        """Yield the bytes kept so far, from the start, in chunks."""

    def finish(self, key: str) -> None:
        """Make the whole file durable and visible under its key, atomically. Finishing twice does nothing.

        Raises:
            FileNotFoundError: the file was never created, or was discarded.
        """

    def discard(self, key: str) -> None:
        """Delete an unfinished file; do nothing if it is finished or does not exist. A failure is only logged."""

    def unfinished(self) -> Iterator[FileInfo]:
        """Yield all unfinished files, in no particular order."""
