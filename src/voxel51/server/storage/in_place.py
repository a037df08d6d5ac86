"""Sources in place: files that the platform reads where they are, in folders and buckets that the operator allows.

A source is a folder, a file, or a prefix of a bucket. Its files belong to others: they are never written, and may
change or vanish at any time. Each is read only in the state in which it was registered.
"""

import errno
import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from voxel51.server.errors import BadRequest, SourceAway, SourceRefused
from voxel51.server.source_locations import BUCKET_SCHEME
from voxel51.server.storage.storage import CHUNK_BYTES, Reader

_NOT_IN_PREFIX = re.compile(r"[\x00-\x1f\x7f?#]|//")
"""Parts of a URL of a prefix that its parser would drop, so that it would lead elsewhere."""

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


@dataclass(slots=True)
class LeftOut:
    """Files that cannot be data, found by one listing: their number, and an example with the reason."""

    count: int = 0
    example: str = ""

    def add(self, path: str, reason: str) -> None:
        """Count a file or folder. A name that is not text is shown with escapes."""
        self.count += 1
        self.example = self.example or f"{os.fsencode(path).decode(errors='backslashreplace')!r:.300} {reason}"

    def text(self) -> str | None:
        """Return a sentence for the owner of the source; None if nothing was left out."""
        return f"{self.count} left out, such as {self.example}" if self.count else None


class Source(Protocol):
    """A place with files. All methods raise `SourceAway` while it cannot be used as a whole."""

    def files(self, left_out: LeftOut) -> Iterator[SourceFile]:
        """Yield the files that are complete, in no particular order, and count those that cannot be data.

        Hidden files and links are passed over.
        """

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
    if is_bucket and _NOT_IN_PREFIX.search(text):
        raise BadRequest(f"{location!r} must not have control characters, ?, # or // in its prefix")
    for root in allowed:
        place = root.rstrip("/")
        if location.rstrip("/") == place or location.startswith(f"{place}/"):
            return root, location[len(place) :].strip("/")
    raise BadRequest(
        f"{location!r} is not in a place from which files may be registered. The operator allows such places by the "
        "settings source_locations and user_source_locations"
    )


class FolderSource:
    """A folder or a file below ``root``, which the operator trusts. Nothing below it is: links are never followed."""

    def __init__(self, root: Path, rest: str) -> None:
        self._root = root
        self._rest = rest

    def files(self, left_out: LeftOut) -> Iterator[SourceFile]:
        """Implement `Source.files`. Folders are opened part by part, as files are when they are read."""
        if not self._root.is_dir():
            raise SourceAway(f"The folder {self._root} of the source is missing or not mounted")
        try:
            yield from self._single_file()
            return
        except IsADirectoryError:
            pass
        except OSError as error:
            raise SourceAway(f"{self._root / self._rest} cannot be listed: {error.strerror}") from error
        folders = [""]
        while folders:
            below = folders.pop()
            try:
                descriptor = _open_folder(self._root, f"{self._rest}/{below}")
            except OSError as error:  # vanished, became a link, or is for others
                if not below:
                    raise SourceAway(f"{self._root / self._rest} cannot be listed: {error.strerror}") from error
                if not isinstance(error, FileNotFoundError):
                    left_out.add(below, f"cannot be listed: {error.strerror}")
                continue
            try:
                yield from _described(descriptor, below, folders, left_out)
            finally:
                os.close(descriptor)

    def read(self, file: SourceFile, start: int = 0, length: int | None = None) -> "FolderReader":
        """Implement `Source.read`."""
        folder = self._rest
        if folder.rpartition("/")[2] == file.path and not (self._root / folder).is_dir():
            folder = folder.rpartition("/")[0]  # the source is one file
        with _translated(file):
            descriptor = _open_beneath(self._root, f"{folder}/{file.path}")
        return FolderReader(descriptor, file, start, length)

    def _single_file(self) -> Iterator[SourceFile]:
        """Yield the file that is the source.

        Raises:
            IsADirectoryError: the source is a folder.
            OSError: it is missing, a link, or cannot be read.
        """
        parent, _, name = self._rest.rpartition("/")
        if not name:
            raise IsADirectoryError
        descriptor = _open_folder(self._root, parent)
        try:
            found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        finally:
            os.close(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is neither a folder nor a regular file")
        if _is_settled(found):
            yield SourceFile(name, found.st_size, _state_of(found))


def _described(descriptor: int, below: str, folders: list[str], left_out: LeftOut) -> Iterator[SourceFile]:
    """Yield the files of one open folder, whose path below the source is ``below``, and add its folders to a list."""
    with os.scandir(descriptor) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = f"{below}/{entry.name}" if below else entry.name
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISDIR(found.st_mode):
                folders.append(path)
            elif stat.S_ISREG(found.st_mode) and _is_settled(found):
                if _is_text(path):
                    yield SourceFile(path, found.st_size, _state_of(found))
                else:
                    left_out.add(path, "has a name that is not UTF-8; rename it")


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_settled(found: os.stat_result) -> bool:
    """Return whether a file has not changed for some time. A date in the future comes from the clock of a camera."""
    now = time.time()
    changed = found.st_mtime if found.st_mtime <= now else found.st_ctime
    return now - changed > _SETTLED_SECONDS


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
    parent, _, name = path.strip("/").rpartition("/")
    folder = _open_folder(root, parent)
    try:
        # A pipe that takes the place of a file would otherwise block until someone writes to it.
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)


def _open_folder(root: Path, path: str) -> int:
    """Open the folder ``path`` below ``root`` as `_open_beneath` does; raises as that does."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in filter(None, path.split("/")):
        try:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


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
