"""Source archives: unpack the archive of a bundle safely.

An archive is a ZIP file or a tar file, perhaps compressed by gzip. Every name and size in it is hostile: it is unpacked
file by file, counted, and nothing but ordinary files and folders below its root is made.
"""

import gzip
import lzma
import re
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, cast

from voxel51.runners.environments.errors import BuildError

_CHUNK_BYTES = 1 << 20
_HEADER_BYTES = 4096
"""Bytes of a tar file that one member may take besides its content."""

_MAXIMUM_DIRECTORY_BYTES = 8 << 20
_MAXIMUM_NAME_BYTES = 1024
_LEFT_OUT = re.compile(r"(^|/)(__MACOSX|\.DS_Store|\._[^/]*|__pycache__|\.git|\.venv)(/|$)")
"""Files that systems and tools leave in folders, and that no bundle needs."""

_DAMAGED = (
    tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, struct.error, EOFError,
    NotImplementedError, OverflowError, RuntimeError, ValueError,
)  # fmt: skip
"""Errors of the libraries that read archives: damaged, encrypted, or of an unknown kind."""


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """Limits of the source of one bundle.

    Attributes:
        archive_bytes: size of its archive.
        unpacked_bytes: size of all its files.
        files: number of its files and folders.
    """

    archive_bytes: int = 512 << 20
    unpacked_bytes: int = 1 << 30
    files: int = 10_000


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Member:
    """File or folder in an archive.

    Attributes:
        name: its path in the archive.
        content: opens the content of a file; None for a folder.
    """

    name: str
    content: Callable[[], _Readable] | None


def unpack(archive: Path, folder: Path, limits: SourceLimits) -> None:
    """Unpack an archive into ``folder``, which is made. If all of it lies in one folder, that one is left out.

    Raises:
        BuildError: it is not an archive, is damaged, exceeds a limit, or has a link, a device or a name that leads out
            of the folder.
        OSError: no space.
    """
    if archive.stat().st_size > limits.archive_bytes:
        raise BuildError(f"the archive is larger than {limits.archive_bytes >> 20} MiB")
    draft = folder.with_name(f"{folder.name}.draft")
    draft.mkdir()
    try:
        _write_members(archive, draft, limits)
        inside = list(draft.iterdir())
        root = inside[0] if len(inside) == 1 and inside[0].is_dir() else draft
        for path in (root, *root.rglob("*")):  # whatever the umask: jobs run as other users
            path.chmod(0o755 if path.is_dir() else 0o644)
        root.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_members(archive: Path, draft: Path, limits: SourceLimits) -> None:
    left_bytes, left_files, name = limits.unpacked_bytes, limits.files, ""
    try:
        for member in _members(archive, limits):
            name = member.name
            path = draft / _checked_name(name)
            left_files -= 1
            if left_files < 0:
                raise BuildError(f"the archive has more than {limits.files} files and folders")
            if not _LEFT_OUT.search(name):
                left_bytes -= _write(member, path, left_bytes)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise BuildError(f"the archive has {name!r} twice") from None
    except _DAMAGED as error:
        raise BuildError(f"the archive is damaged, or is neither a ZIP nor a tar file: {error}") from None


def _checked_name(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    is_inside = not path.is_absolute() and ".." not in path.parts and "\\" not in name
    if not is_inside or not name.isprintable() or len(name.encode()) > _MAXIMUM_NAME_BYTES:
        raise BuildError(f"the archive has a file with the name {name[:200]!r}, which cannot be unpacked")
    return path


def _write(member: _Member, path: Path, most_bytes: int) -> int:
    """Write a file or make a folder, and return the size of the file."""
    if member.content is None:
        path.mkdir(parents=True, exist_ok=True)
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    written, content = 0, member.content()
    with path.open("xb") as file:
        while chunk := content.read(_CHUNK_BYTES):
            written += len(chunk)
            if written > most_bytes:
                raise BuildError("the archive is too large when it is unpacked")
            file.write(chunk)
    return written


def _members(archive: Path, limits: SourceLimits) -> Iterator[_Member]:
    with archive.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        if start == b"PK\x03\x04":
            yield from _members_of_zip(_Pieces(file))
        elif start.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=file) as unzipped:
                yield from _members_of_tar(_counted(unzipped, limits))
        else:
            yield from _members_of_tar(_counted(file, limits))


class _Pieces:
    """File of which only pieces of moderate size are read: the library reads the directory of a ZIP file in one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1, /) -> bytes:
        received = self._file.read(
            _MAXIMUM_DIRECTORY_BYTES + 1 if size < 0 else min(size, _MAXIMUM_DIRECTORY_BYTES + 1)
        )
        if len(received) > _MAXIMUM_DIRECTORY_BYTES:
            raise ValueError("its directory is too large")
        return received


def _members_of_zip(file: _Pieces) -> Iterator[_Member]:
    with zipfile.ZipFile(cast("IO[bytes]", file)) as found:
        for information in found.infolist():
            kind = stat.S_IFMT(information.external_attr >> 16)
            if information.is_dir():
                yield _Member(information.filename, None)
            elif kind in {0, stat.S_IFREG}:
                yield _Member(information.filename, partial(found.open, information))
            else:
                raise BuildError(f"the archive has {information.filename!r}, which is neither a file nor a folder")


class _Counted:
    """Stream of which no more than ``left`` bytes are read: the library reads whole headers into memory."""

    def __init__(self, file: _Readable, left: int) -> None:
        self._file = file
        self._left = left

    def read(self, size: int = -1, /) -> bytes:
        received = self._file.read(size)
        self._left -= len(received)
        if self._left < 0:
            raise BuildError("the archive is too large when it is unpacked")
        return received


def _counted(file: _Readable, limits: SourceLimits) -> _Counted:
    return _Counted(file, limits.unpacked_bytes + (limits.files + 1) * _HEADER_BYTES)


def _members_of_tar(stream: _Counted) -> Iterator[_Member]:
    with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as found:
        for information in found:
            if information.isdir():
                yield _Member(information.name, None)
            elif information.isreg() and not information.issparse():
                yield _Member(information.name, partial(_content_in_tar, found, information))
            else:
                raise BuildError(f"the archive has {information.name!r}, which is neither a file nor a folder")


def _content_in_tar(found: tarfile.TarFile, information: tarfile.TarInfo) -> _Readable:
    content = found.extractfile(information)
    if content is None:
        raise tarfile.ReadError(f"{information.name!r} is not a file")
    return content
