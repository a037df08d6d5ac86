"""What writing to a local disk takes: room, whole writes, and folders that survive a power cut."""

import errno
import os
import shutil
from pathlib import Path

from voxel51.server.errors import OutOfSpace

_FULL = {errno.ENOSPC, errno.EDQUOT}


def room_for(expected_bytes: int, folder: Path, reserve_bytes: int) -> None:
    """Return when ``expected_bytes`` fit on the disk of ``folder`` and leave ``reserve_bytes`` free.

    Raises:
        OutOfSpace: they do not.
    """
    free_bytes = shutil.disk_usage(folder).free - reserve_bytes
    if free_bytes <= expected_bytes:
        raise OutOfSpace(
            f"{expected_bytes or 1} bytes do not fit: the platform has {max(free_bytes, 0)} bytes left. "
            "Delete data you no longer need, or ask its operator for room"
        )


def said_full(error: OSError) -> Exception:
    """``error`` as callers are told: a full disk is one that they can understand."""
    if error.errno in _FULL:
        return OutOfSpace("the platform's disk is full; nothing of this file was kept")
    return error


def write_all(descriptor: int, chunk: bytes | bytearray | memoryview) -> None:
    """Write the whole ``chunk``; the kernel may take it in several bites."""
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]


def make_folder(folder: Path) -> None:
    """Make a folder of the storage and the one around it, for good."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sync_folder(folder.parent)
        sync_folder(folder.parent.parent)


def sync_folder(folder: Path) -> None:
    """Make durable which files the folder has."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
