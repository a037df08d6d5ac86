"""Integrity of stored files: compare a file's size with its record before the file is used."""

from voxel51.server.downloads import Download, StoredFiles
from voxel51.server.errors import Lost
from voxel51.server.storage.storage import Storage


def is_intact(storage: Storage, key: str, size_bytes: int | None) -> bool:
    """Return whether the file exists and has ``size_bytes``; None where its size was not recorded."""
    try:
        return size_bytes in {None, storage.size_bytes(key)}
    except FileNotFoundError:
        return False


def intact_size_bytes(download: Download, storage: StoredFiles) -> int:
    """Return the size of the stored file.

    Raises:
        Lost: the file is missing, or has another size than recorded.
    """
    try:
        size_bytes = storage.size_bytes(download.key)
    except FileNotFoundError:
        raise lost(download, "is missing") from None
    if download.size_bytes not in {None, size_bytes}:
        raise lost(download, f"is damaged: it has {size_bytes} of {download.size_bytes} bytes")
    return size_bytes


def lost(download: Download, problem: str) -> Lost:
    """Return the error for a file that cannot be sent."""
    return Lost(
        f"The stored file of '{download.filename}' {problem}. Upload or compute it again, or ask the operator of the "
        "platform to restore it"
    )
