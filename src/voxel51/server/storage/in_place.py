"""Sources in place: files that the platform reads where they are, in folders and buckets that the operator allows.

A source is a folder, a file, or a prefix of a bucket. Its files belong to others: they are never written, and may
change or vanish at any time. Each is read only in the state in which it was registered.
"""

import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from voxel51.server.errors import BadRequest, SourceAway, SourceRefused
from voxel51.server.storage.storage import CHUNK_BYTES, Reader

BUCKET_SCHEME = "s3://"
_SETTLED_SECONDS = 5.0
"""A file that was changed within this time may still be written, and is not registered yet."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a source.

    Attributes:
        path: below the source, with slashes.
        size_bytes: of the file.
        state: changes whenever the file does.
    """

    path: str
    size_bytes: int
    state: str


class Source(Protocol):
    """A place with files. All methods raise `SourceAway` while it cannot be used as a whole."""

    def files(self) -> Iterator[SourceFile]:
        """Yield the files that are complete, in no particular order. Hidden ones and links are not among them."""

    def read(self, file: SourceFile, start: int = 0, length: int | None = None) -> Reader:
        """Return a reader of the file, or of ``length`` bytes of it.

        The last chunk is returned only if the file is still in the state of ``file``.

        Raises:
            SourceRefused: the file has changed or vanished, also raised by the reader.
        """


def allowed_root(location: str, allowed: Sequence[str]) -> tuple[str, str]:
    """Return the allowed place that contains ``location``, and the rest of the path below it.

    Raises:
        BadRequest: none does, or the location is not absolute or has parts such as ``..``.
    """
    is_bucket = location.startswith(BUCKET_SCHEME)
    text = location.removeprefix(BUCKET_SCHEME) if is_bucket else location
    if not (is_bucket or text.startswith("/")):
        raise BadRequest(f"{location!r} is neither an absolute path nor s3://BUCKET/PREFIX")
    if {".", ".."} & {*text.split("/")} or "\0" in text:
        raise BadRequest(f"{location!r} must not have the parts '.' and '..'")
    for root in allowed:
        place = root.rstrip("/")
        if location.rstrip("/") == place or location.startswith(f"{place}/"):
            return root, location[len(place) :].strip("/")
    raise BadRequest(
        f"{location!r} is not in a place from which files may be registered. The operator allows such places by the "
        "setting source_locations"
    )


class FolderSource:
    """A folder or a file below ``root``, which the operator trusts. Nothing below it is: links are never followed."""

    def __init__(self, root: Path, rest: str) -> None:
        self._root = root
        self._rest = rest

    def files(self) -> Iterator[SourceFile]:
        """Implement `Source.files`."""
        folder = self._root / self._rest
        if not self._root.is_dir():
            raise SourceAway(f"The folder {self._root} of the source is missing or not mounted")
        if folder.is_file() and not folder.is_symlink():
            yield from self._described([folder], folder.parent)
            return
        for parent, folders, names in os.walk(folder):  # does not follow links
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from self._described((Path(parent, name) for name in names if not name.startswith(".")), folder)

    def read(self, file: SourceFile, start: int = 0, length: int | None = None) -> "FolderReader":
        """Implement `Source.read`."""
        folder = self._rest
        if folder.rpartition("/")[2] == file.path and not (self._root / folder).is_dir():
            folder = folder.rpartition("/")[0]  # the source is one file
        with _translated(file):
            descriptor = _open_beneath(self._root, f"{folder}/{file.path}")
        return FolderReader(descriptor, file, start, length)

    def _described(self, paths: "Iterator[Path] | list[Path]", folder: Path) -> Iterator[SourceFile]:
        for path in paths:
            try:
                found = path.lstat()
                name = str(path.relative_to(folder))
                name.encode()
            except (FileNotFoundError, UnicodeEncodeError):  # vanished, or a name that is not text
                continue
            if stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > _SETTLED_SECONDS:
                yield SourceFile(name, found.st_size, _state_of(found))


class FolderReader:
    """An open file of a folder. Implements `voxel51.server.storage.storage.Reader`."""

    def __init__(self, descriptor: int, file: SourceFile, start: int, length: int | None) -> None:
        self._descriptor: int | None = descriptor
        self._file = file
        self._position = start
        self._remaining = file.size_bytes - start if length is None else min(length, file.size_bytes - start)
        try:
            self._check()
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> "FolderReader":
        """Return the reader itself."""
        return self

    def __next__(self) -> bytes:
        """Return the next chunk; the last one only if nothing has changed."""
        if self._descriptor is None or self._remaining <= 0:
            self.close()
            raise StopIteration
        with _translated(self._file):
            chunk = os.pread(self._descriptor, min(CHUNK_BYTES, self._remaining), self._position)
        self._position += len(chunk)
        self._remaining -= len(chunk)
        if not chunk or self._remaining <= 0:
            self._check()
        return chunk

    def close(self) -> None:
        """Implement `Reader.close`."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _check(self) -> None:
        assert self._descriptor is not None  # noqa: S101  (open)
        found = os.fstat(self._descriptor)
        if not stat.S_ISREG(found.st_mode) or _state_of(found) != self._file.state:
            raise _changed(self._file)


def _open_beneath(root: Path, path: str) -> int:
    """Open the file ``path`` below ``root``, part by part, so that no link that appears meanwhile leads elsewhere.

    Raises:
        OSError: a part is missing, a link, or not a folder.
    """
    parts = [part for part in path.split("/") if part]
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = inner
        # A pipe that takes the place of a file would otherwise block until someone writes to it.
        return os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)


def _state_of(found: os.stat_result) -> str:
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}"


@contextmanager
def _translated(file: SourceFile) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceRefused(f"The source file '{file.path}' was moved or deleted since it was registered") from error
    except OSError as error:
        raise SourceRefused(f"The source file '{file.path}' cannot be read: {error.strerror}") from error


def _changed(file: SourceFile) -> SourceRefused:
    return SourceRefused(
        f"The source file '{file.path}' was changed since it was registered. Its new content becomes data of its own"
    )
