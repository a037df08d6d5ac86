"""Upload sources: files given by path, and open files."""

import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TypeGuard, cast

from voxel51.transport.messages import CHUNK_BYTES
from voxel51.transport.multipart import FilePart, UploadProgress, type_of
from voxel51.wire.hashing import new_sha256

Uploadable = str | os.PathLike[str] | IO[bytes]


def _do_nothing() -> None:
    """Release nothing: the default of `Source.close`."""


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes to upload, which can be read from any position, any number of times.

    Attributes:
        name: the name of the file on the platform.
        size_bytes: the size when the upload was requested.
        read: returns the bytes from one position up to another in chunks. Raises OSError if the file became shorter.
        identity: real path, size and modification time, which change with the file; None for an open file.
        close: releases a temporary copy. Files that the caller opened stay open.
    """

    name: str
    size_bytes: int
    read: Callable[[int, int], Iterator[bytes]]
    identity: tuple[str, int, int] | None
    close: Callable[[], object] = _do_nothing

    def part(self, progress: UploadProgress | None) -> FilePart:
        """Return the whole file as one part of a multipart form."""
        content = partial(chunks_with_progress, self, 0, self.size_bytes, progress)
        return FilePart(self.name, type_of(self.name), content, self.size_bytes)

    def sha256(self) -> str:
        """Return the hash of the whole file, in hexadecimal."""
        digest = new_sha256()
        for chunk in self.read(0, self.size_bytes):
            digest.update(chunk)
        return digest.hexdigest()


def is_single(files: Uploadable | Iterable[Uploadable]) -> TypeGuard[Uploadable]:
    """Return whether ``files`` is one file. Paths and open files are iterable as well, so iteration decides nothing."""
    return isinstance(files, str | os.PathLike) or hasattr(files, "read")


def source_of(file: Uploadable) -> Source:
    """Return the source for a path or an open file.

    Raises:
        OSError: the file was not found, or is a folder or a device.
        TypeError: the file is opened in text mode, or is not a file.
    """
    return _of_path(Path(file)) if isinstance(file, str | os.PathLike) else _of_open_file(file)


def chunks_with_progress(source: Source, start: int, stop: int, progress: UploadProgress | None) -> Iterator[bytes]:
    """Yield the bytes from ``start`` to ``stop``. A chunk counts as sent when the next one is requested."""
    sent = start
    for chunk in source.read(start, stop):
        yield chunk
        sent += len(chunk)
        if progress is not None:
            progress(sent, source.size_bytes)


def _of_path(path: Path) -> Source:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{str(path)!r} cannot be uploaded, because it is not a regular file. Specify another path.")
    identity = (os.path.realpath(path), status.st_size, status.st_mtime_ns)
    return Source(path.name, status.st_size, partial(_read_path, path), identity)


def _read_path(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        yield from _chunks(file, str(path), start, stop)


def _of_open_file(file: IO[bytes]) -> Source:
    if isinstance(file, io.TextIOBase) or not hasattr(file, "read"):
        raise TypeError(f"{type(file).__name__} cannot be uploaded. Specify a path or a file opened in binary mode.")
    file_name = getattr(file, "name", None)
    name = Path(file_name).name if isinstance(file_name, str | os.PathLike) else "file"
    copy = None if file.seekable() else _seekable_copy(file)
    file = copy or file
    start = file.tell()
    size_bytes = file.seek(0, os.SEEK_END) - start

    def read(first: int, stop: int) -> Iterator[bytes]:
        return _chunks(file, name, start + first, start + stop)

    return Source(name, size_bytes, read, None, copy.close if copy else _do_nothing)


def _seekable_copy(file: IO[bytes]) -> IO[bytes]:
    """Copy a stream that can be read only once, such as a pipe, so that it can be sent again."""
    import shutil  # noqa: PLC0415  (slow, and only for pipes)
    import tempfile  # noqa: PLC0415  (likewise)

    copy = tempfile.SpooledTemporaryFile(max_size=16 * CHUNK_BYTES)  # noqa: SIM115  (closed by `Source.close`)
    shutil.copyfileobj(file, copy, CHUNK_BYTES)
    copy.seek(0)
    return cast("IO[bytes]", copy)


def _chunks(file: IO[bytes], name: str, start: int, stop: int) -> Iterator[bytes]:
    file.seek(start)
    while start < stop:
        chunk = file.read(min(CHUNK_BYTES, stop - start))
        if not chunk:
            raise OSError(f"{name!r} became shorter during the upload: {stop - start} bytes are missing")
        start += len(chunk)
        yield chunk
