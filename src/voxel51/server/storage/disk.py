"""Local disk helpers: check free space, write whole chunks, and make folder changes survive a power cut."""

import errno
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voxel51.server.errors import OutOfSpace, Unavailable
from voxel51.server.storage.partial import Chunk

log = logging.getLogger(__name__)

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
_DISK_AWAY = {errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ESTALE, errno.ENOTCONN}
"""Errors of a disk that is read-only, damaged, or not mounted: uploads wait until the operator has repaired it."""

_WRITE_BEHIND_BYTES = 8 * 1024 * 1024
_PIECE_BYTES = 128 * 1024


def free_space(folder: Path, reserve_bytes: int) -> int:
    """Return the free bytes on the disk of ``folder`` beyond ``reserve_bytes``; 0 if there are fewer."""
    return max(0, shutil.disk_usage(folder).free - reserve_bytes)


def check_free_space(expected_bytes: int, folder: Path, reserve_bytes: int) -> None:
    """Raise `OutOfSpace` unless ``expected_bytes`` fit on the disk of ``folder`` and leave ``reserve_bytes`` free.

    Raises:
        OutOfSpace: they do not fit.
        Unavailable: the disk is not mounted.
    """
    with translated_disk_errors():
        free_bytes = shutil.disk_usage(folder).free - reserve_bytes
    if free_bytes <= expected_bytes:
        raise OutOfSpace(
            f"{expected_bytes or 1} bytes do not fit: the platform has {max(free_bytes, 0)} bytes left. "
            "Delete data that you no longer need, or ask the operator of the platform for more space"
        )


def translate_disk_error(error: OSError) -> Exception:
    """Return the service error for a full disk or one that cannot be used, and any other ``error`` unchanged."""
    if error.errno in _DISK_FULL:
        return OutOfSpace("the platform's disk is full; nothing of this file was kept")
    if error.errno in _DISK_AWAY:
        return storage_unavailable(error.strerror)
    return error


@contextmanager
def translated_disk_errors() -> Iterator[None]:
    """Raise what `translate_disk_error` returns for an `OSError` inside the block."""
    try:
        yield
    except OSError as error:
        raise translate_disk_error(error) from error


def storage_unavailable(reason: str | None) -> Unavailable:
    """Return the error for a disk that cannot be used, which is logged for the operator."""
    log.error("the storage of the platform cannot be used: %s", reason)
    return Unavailable(f"The storage of the platform cannot be used ({reason}). Ask its operator, and try again later")


class WriteBehind:
    """Lets the disk write a file while more of the file arrives.

    Otherwise a large file would first fill the page cache of the operating system: that takes the cache from files that
    are in use, costs processor time, and makes the sync at the end last for seconds, in which syncs of the database
    wait too.

    Args:
        descriptor: the open file, to which bytes are appended.
        size_bytes: its present size.
    """

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self._descriptor = descriptor
        self._dropped_bytes = self._begun_bytes = size_bytes

    def advance(self, size_bytes: int) -> None:
        """Write behind, now that the file has ``size_bytes``. Small steps are left to the operating system."""
        if size_bytes - self._begun_bytes < _WRITE_BEHIND_BYTES or sys.platform == "darwin":
            return
        # Pages that are "not needed" are written if they must be, and dropped if they were: so each step begins to
        # write the latest pages, and drops those before.
        length = size_bytes - self._dropped_bytes
        os.posix_fadvise(self._descriptor, self._dropped_bytes, length, os.POSIX_FADV_DONTNEED)
        self._dropped_bytes, self._begun_bytes = self._begun_bytes, size_bytes


def write_all(descriptor: int, chunk: Chunk) -> None:
    """Write the whole ``chunk``, piece by piece; one system call may write only a part of its piece.

    For each call Linux takes contiguous memory of its size, which for a MiB costs five times as much processor time.
    """
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view[:_PIECE_BYTES]) :]


def make_folder(folder: Path) -> None:
    """Create a folder of the storage and its parent durably."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A new folder survives a power cut only once the folder that lists it is synced.
        sync_folder(folder.parent)
        sync_folder(folder.parent.parent)


def sync_file(path: Path) -> None:
    """Make the content of a file durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the list of files in ``folder`` durable: without this, a renamed file may vanish in a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
