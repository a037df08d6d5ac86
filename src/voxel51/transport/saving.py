"""Saving responses as files: names from the platform, and targets that are not regular files."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

DownloadProgress = Callable[[int, int | None], None]
"""Called with the bytes that arrived so far, and their final number; None while it is unknown."""

_LONGEST_NAME_BYTES = 255
_PIECE_BYTES = 128 * 1024


class DirectWriter:
    """Writes a response to a device or a pipe as it comes. A context manager."""

    def __init__(self, path: Path, progress: DownloadProgress | None) -> None:
        self._file: BinaryIO = path.open("wb")
        self._progress = progress
        self._arrived = 0
        self._total: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def begin(self, _status: int, headers: Mapping[str, str]) -> None:
        """Prepare for the whole file."""
        size = headers.get("content-length", "")
        self._total = int(size) if size.isdecimal() and "content-encoding" not in headers else None

    def take(self, chunk: bytes) -> None:
        """Write the next piece."""
        self._file.write(chunk)
        self._arrived += len(chunk)
        if self._progress is not None:
            self._progress(self._arrived, self._total)


def write_all(descriptor: int, chunk: bytes) -> None:
    """Write the whole ``chunk`` to a file, piece by piece; one system call may write only a part of its piece.

    For each call Linux takes contiguous memory of its size, which for a MiB costs five times as much processor time.
    """
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view[:_PIECE_BYTES]) :]


def write_all_at(descriptor: int, chunk: bytes, offset: int) -> None:
    """Write the whole ``chunk`` at ``offset``, as `write_all` does at the file's position."""
    view = memoryview(chunk)
    while view:
        written = os.pwrite(descriptor, view[:_PIECE_BYTES], offset)
        view, offset = view[written:], offset + written


def local_name(name: str, otherwise: str) -> str:
    """Return ``name``, which another machine sent, as a file name without folders and control characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(character for character in last if character.isprintable()).strip()
    while len(clean.encode()) > _LONGEST_NAME_BYTES:
        clean = clean[:-1]
    return otherwise if clean in {"", ".", ".."} else clean
