"""Spare space: a file that is given up while the disk is full, so that records can be deleted there.

SQLite writes the pages that a deletion changes to its log first. Without a free byte nothing could be deleted, and the
disk would stay full.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SPARE_BYTES = 16 * 1024 * 1024
"""Size of the file: space for the log of a transaction that deletes thousands of records."""

_FULL_BYTES = 4 * 1024 * 1024
"""A disk with less free space counts as full."""

_SHARE = 4
"""The file grows by at most this part of the free space, so that it never fills a disk itself."""

_CHUNK = bytes(64 * 1024)


class SpareSpace:
    """The file at ``path``, beside the database. Call its methods under the lock of writers."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def given_up_if_full(self) -> Iterator[None]:
        """Give up the file for the time of the block if the disk is full; then take back what the block left."""
        free, size = shutil.disk_usage(self._path.parent).free, self._size()
        if free >= _FULL_BYTES:
            self._grow(min(_SPARE_BYTES, size + free // _SHARE))
            yield
            return
        self._path.unlink(missing_ok=True)
        try:
            yield
        finally:
            self._grow(size)

    def _size(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0

    def _grow(self, size: int) -> None:
        """Let the file have ``size`` bytes, or as many as fit."""
        if self._size() >= size:
            return
        with suppress(OSError), self._path.open("ab", buffering=0) as file:
            while file.tell() < size and file.write(_CHUNK):  # zeros: a hole in the file would hold no space
                pass
