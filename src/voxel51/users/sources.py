"""What can be uploaded: files by path, and files that are open."""

import hashlib
import io
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeGuard

from voxel51.transport.messages import CHUNK_BYTES
from voxel51.transport.multipart import FilePart, UploadProgress, type_of

Uploadable = str | os.PathLike[str] | IO[bytes]


def _nothing() -> None:
    """There is nothing to release."""


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes that can be read from anywhere, any number of times.

    Attributes:
        name: what the file is called there.
        size_bytes: as it was when the upload was asked for.
        read: gives the bytes from one position up to another in pieces. It raises OSError when there are fewer.
        identity: what tells the file from others and from itself when it is changed; None of one that is merely open.
        close: releases what was made to read from; what the caller opened stays open.
    """

    name: str
    size_bytes: int
    read: Callable[[int, int], Iterator[bytes]]
    identity: tuple[str, int, int] | None
    close: Callable[[], object] = _nothing

    def part(self, progress: UploadProgress | None) -> FilePart:
        """All of it, as a part of a form."""
        content = partial(counted, self, 0, self.size_bytes, progress)
        return FilePart(self.name, type_of(self.name), content, self.size_bytes)

    def sha256(self) -> str:
        """The hash of all of it, in hexadecimal."""
        running = hashlib.sha256()
        for chunk in self.read(0, self.size_bytes):
            running.update(chunk)
        return running.hexdigest()


def is_one(files: Uploadable | Iterable[Uploadable]) -> TypeGuard[Uploadable]:
    """Whether it is one file and not several; an open file can be gone through, too, line by line."""
    return isinstance(files, str | os.PathLike) or hasattr(files, "read")


def source_of(file: Uploadable) -> Source:
    """What is to be uploaded.

    Raises:
        OSError: there is no such file, or it is a folder or a device.
        TypeError: it is a file opened as text, or none at all.
    """
    return _of_path(Path(file)) if isinstance(file, str | os.PathLike) else _of_open_file(file)


def counted(source: Source, start: int, stop: int, progress: UploadProgress | None) -> Iterator[bytes]:
    """The bytes from ``start`` to ``stop``; each piece counts as sent when the next is asked for."""
    sent = start
    for chunk in source.read(start, stop):
        yield chunk
        sent += len(chunk)
        if progress is not None:
            progress(sent, source.size_bytes)


def _of_path(path: Path) -> Source:
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise OSError(f"{str(path)!r} is not a file that can be uploaded: give the path of a regular file")
    identity = (os.path.realpath(path), about.st_size, about.st_mtime_ns)
    return Source(path.name, about.st_size, partial(_read_path, path), identity)


def _read_path(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        yield from _pieces(file, str(path), start, stop)


def _of_open_file(file: IO[bytes]) -> Source:
    if isinstance(file, io.TextIOBase) or not hasattr(file, "read"):
        raise TypeError(f"{type(file).__name__} cannot be uploaded: give a path, or a file opened in binary mode")
    given = getattr(file, "name", None)
    name = Path(given).name if isinstance(given, str | os.PathLike) else "file"
    own = None if file.seekable() else _copy(file)
    file = own or file
    start = file.tell()
    size_bytes = file.seek(0, os.SEEK_END) - start

    def read(first: int, stop: int) -> Iterator[bytes]:
        return _pieces(file, name, start + first, start + stop)

    return Source(name, size_bytes, read, None, own.close if own else _nothing)


def _copy(file: IO[bytes]) -> Any:
    """What can be read but once, where it can be read again."""
    copy = tempfile.SpooledTemporaryFile(max_size=16 * CHUNK_BYTES)  # noqa: SIM115  (its source outlives this function)
    shutil.copyfileobj(file, copy, CHUNK_BYTES)
    copy.seek(0)
    return copy


def _pieces(file: IO[bytes], name: str, start: int, stop: int) -> Iterator[bytes]:
    file.seek(start)
    while start < stop:
        chunk = file.read(min(CHUNK_BYTES, stop - start))
        if not chunk:
            raise OSError(f"{name!r} became shorter while it was uploaded: {stop - start} bytes are missing")
        start += len(chunk)
        yield chunk
