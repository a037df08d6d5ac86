"""Hashing of files that are stored already; files that arrive are hashed while they are written."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def sha256_of(chunks: Iterable[bytes]) -> str:
    """Return the SHA-256 of the bytes in ``chunks``, in hexadecimal."""
    running = hashlib.sha256()
    for chunk in chunks:
        running.update(chunk)
    return running.hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
