"""Storage interface: write, read, list and delete files by key.

A key is ``<folder>/<name>``. The platform makes it; it never comes from a caller.
"""

from collections.abc import Iterator
from typing import Protocol

from voxel51.server.storage.direct import DirectTransfers
from voxel51.server.storage.partial import Chunk, FileInfo, PartialFiles

CHUNK_BYTES = 1024 * 1024
"""Largest part of a file that is held in memory at once."""


class Writer(Protocol):
    """A file that is being written. It is invisible before `commit`; `abort` leaves no trace.

    Committing or aborting a second time does nothing.
    """

    key: str
    size_bytes: int

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes written so far, in hexadecimal. The writing thread computes it along the way."""

    def write(self, chunk: Chunk) -> None:
        """Append ``chunk``.

        Raises:
            voxel51.server.errors.OutOfSpace: the storage is full; the writer is aborted.
        """

    def sync(self) -> None:
        """Make the bytes written so far durable. `commit` is then quick enough to be called under a lock.

        Raises:
            voxel51.server.errors.OutOfSpace: the storage is full; the writer is aborted.
        """

    def commit(self) -> None:
        """Make the whole file durable and visible under its key, atomically."""

    def abort(self) -> None:
        """Discard the file, unless it is committed."""


class Reader(Protocol):
    """The bytes of a file, in chunks of at most `CHUNK_BYTES`. Close it unless it was read to its end."""

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes: ...

    def close(self) -> None:
        """Release the open file. Closing twice does nothing."""


class Storage(Protocol):
    """Files by key. All methods block and may be called from any thread."""

    @property
    def partial(self) -> PartialFiles:
        """Files that arrive in several requests, perhaps over days."""

    @property
    def direct(self) -> DirectTransfers | None:
        """Transfers between clients and the storage by signed links; None where all bytes go through the platform."""

    def open(self) -> None:
        """Prepare the storage, and remove what a crash left unfinished. Only one process may do so at a time.

        Raises:
            voxel51.server.errors.Unavailable: the storage cannot be used.
        """

    def writer(self, key: str, expected_bytes: int | None = None) -> Writer:
        """Return a writer of a new file ``key``.

        Raises:
            voxel51.server.errors.OutOfSpace: ``expected_bytes`` do not fit.
            voxel51.server.errors.Unavailable: the storage cannot be used now, as in all methods but `delete`.
        """

    def read(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        """Return a reader of ``length`` bytes from ``start``, or of all that follow.

        The file is open when this returns: deleting it in the meantime does not end the reading early.

        Raises:
            FileNotFoundError: no file has this key.
        """

    def size_bytes(self, key: str) -> int:
        """Return the size of the file.

        Raises:
            FileNotFoundError: no file has this key.
        """

    def info(self, key: str) -> FileInfo:
        """Return the size of the file and when it was changed last.

        Raises:
            FileNotFoundError: no file has this key.
        """

    def delete(self, key: str) -> bool:
        """Delete the file, if it exists; return whether it is gone.

        A failure is logged and not raised, because the record of the file is gone already: the sweeper, which deletes
        files without a record, tries again.
        """

    def free_bytes(self) -> int | None:
        """Return the number of bytes that may still be stored; None if the storage has no such limit."""

    def restore(self, key: str, source: str) -> None:
        """Give the file ``key`` the bytes of the file ``source``, atomically, whatever it had before. Both remain.

        Raises:
            OSError: the storage refuses; the file ``key`` is unchanged.
        """

    def files(self) -> Iterator[FileInfo]:
        """Yield all files, in no particular order. Partial files are not among them."""
