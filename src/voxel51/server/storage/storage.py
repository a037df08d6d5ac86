"""The interface to where bytes are kept. A key is ``<folder>/<name>``, made by the platform, never by a caller."""

from collections.abc import Iterator
from typing import Protocol

from voxel51.server.storage.growing import GrowingFiles, Stored

CHUNK_BYTES = 1024 * 1024
"""How much of a file is in memory at once."""


class Writer(Protocol):
    """A file that is being written. Nobody sees it before `commit`; `abort` leaves no trace.

    Ending it twice does nothing.
    """

    key: str
    size_bytes: int

    @property
    def sha256(self) -> str:
        """The SHA-256 of what was written so far, in hexadecimal. It was computed in passing, in the writing thread."""

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append.

        Raises:
            voxel51.server.errors.OutOfSpace: there is no room; the writer is aborted.
        """

    def sync(self) -> None:
        """Make what was written durable. What is left for `commit` is quick then, and may be done under a lock.

        Raises:
            voxel51.server.errors.OutOfSpace: there is no room; the writer is aborted.
        """

    def commit(self) -> None:
        """Make the whole file durable and visible under its key, at once."""

    def abort(self) -> None:
        """Forget it, unless it is committed."""


class Reader(Protocol):
    """The bytes of a file in chunks of at most `CHUNK_BYTES`. Close it unless it was read to its end."""

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes: ...

    def close(self) -> None:
        """Release what it holds. Closing twice does nothing."""


class Storage(Protocol):
    """Files by key. All of it is synchronous and may be called from any thread."""

    @property
    def growing(self) -> GrowingFiles:
        """The files that come in several pieces, perhaps over days."""

    def writer(self, key: str, expected_bytes: int | None = None) -> Writer:
        """Begin to write ``key``.

        Raises:
            voxel51.server.errors.OutOfSpace: ``expected_bytes`` will not fit.
        """

    def read(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        """The bytes of ``key`` from ``start``, ``length`` of them or all that follow.

        The file is open when this returns: deleting it meanwhile does not cut the reading short.

        Raises:
            FileNotFoundError: nothing is kept under the key.
        """

    def size_bytes(self, key: str) -> int:
        """How many bytes are kept under ``key``.

        Raises:
            FileNotFoundError: nothing is kept under the key.
        """

    def delete(self, key: str) -> None:
        """Forget ``key``; one that is not there is no error."""

    def files(self) -> Iterator[Stored]:
        """Every file that is there, in no order."""
