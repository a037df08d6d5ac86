"""Project folders: the unpacked files of a bundle, within limits, and their content as one archive.

Names and contents come from strangers. Only plain files are written, below the folder and nowhere else.
"""

import gzip
import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from voxel51.server.errors import BadRequest, TooLarge
from voxel51.server.storage.disk import translated_disk_errors
from voxel51.server.storage.storage import Writer
from voxel51.wire.bundles import is_excluded

_MAX_NAME_BYTES = 255
_MAX_PATH_BYTES = 1024
"""Length limit of a path: together with any folder in which it is unpacked, systems allow 4096 bytes."""

_MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class BundleLimits:
    """Limits of a bundle.

    Attributes:
        size_bytes: of the uploaded file, and of all its files together.
        files: number of its files.
    """

    size_bytes: int
    files: int = 5000


class ProjectFolder:
    """Folder ``root``, which exists and is empty, and the files that are added to it.

    Attributes:
        root: the folder.
        names: the path of each file below it.
    """

    def __init__(self, root: Path, limits: BundleLimits) -> None:
        self.root = root
        self.names: dict[str, str] = {}  # -> SHA-256
        self._limits = limits
        self._size_bytes = 0

    @contextmanager
    def new_file(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Write a file: the block gets a function that appends bytes. What projects do not need, as Git's, is left out.

        Raises:
            BadRequest: the name is unsafe, exists already, or there are too many files.
            TooLarge: all files together exceed the limit.
            OutOfSpace: the disk is full.
        """
        parts = _safe_parts(name)
        if is_excluded(parts):
            yield lambda piece: self._count(len(piece))
            return
        path = "/".join(parts)
        if len(self.names) >= self._limits.files:
            raise BadRequest(f"The bundle has more than {self._limits.files} files. Leave out what it does not need")
        digest = hashlib.sha256()
        with translated_disk_errors(), self._create(path) as file:

            def append(piece: bytes) -> None:
                self._count(len(piece))
                digest.update(piece)
                file.write(piece)

            yield append
        self.names[path] = digest.hexdigest()

    def strip_common_folder(self) -> None:
        """Move to the root what is in the only folder of the root, as in an archive of a folder."""
        first = {name.partition("/")[0] for name in self.names}
        if len(first) == 1 and all("/" in name for name in self.names):
            [folder] = first
            self.root /= folder
            self.names = {name.removeprefix(f"{folder}/"): digest for name, digest in self.names.items()}

    def digest(self) -> str:
        """Return the SHA-256 of all names and contents, which is independent of the format of the upload."""
        lines = (f"{self.names[name]} {name}\n" for name in sorted(self.names))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def archive(self, writer: Writer) -> None:
        """Write all files as one ``.tar.gz``, in order of their names.

        Raises:
            OutOfSpace: the storage is full.
        """
        target = cast("BinaryIO", _WriterFile(writer))
        with (
            gzip.GzipFile("", "wb", compresslevel=1, fileobj=target, mtime=0) as compressed,
            tarfile.open(fileobj=compressed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            for name in sorted(self.names):
                entry = tarfile.TarInfo(name)
                with (self.root / name).open("rb") as file:
                    entry.size = os.fstat(file.fileno()).st_size
                    archive.addfile(entry, file)

    def _create(self, path: str) -> BinaryIO:
        target = self.root / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except (FileExistsError, NotADirectoryError):
            raise BadRequest(f"The bundle has two entries with the name {path[:100]!a}") from None
        return os.fdopen(descriptor, "wb")

    def _count(self, more_bytes: int) -> None:
        self._size_bytes += more_bytes
        if self._size_bytes > self._limits.size_bytes:
            raise TooLarge(f"The files of the bundle have more than {self._limits.size_bytes} bytes together")


class _WriterFile:
    """File interface for `gzip` on a writer of the storage."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def write(self, data: bytes) -> int:
        """Append ``data``."""
        self._writer.write(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: the writer has no buffer."""


def _safe_parts(name: str) -> tuple[str, ...]:
    """Return the parts of the path of an entry.

    Raises:
        BadRequest: it could lead outside of the folder, or is not a name that any system can store.
    """
    shown = ascii(name[:100])
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if name.startswith("/") or "\\" in name or ":" in name or ".." in parts or not parts:
        raise BadRequest(f"The bundle cannot be used: the entry {shown} leads outside of it")
    lengths = [len(part.encode("utf-8", "replace")) for part in parts]
    if len(parts) > _MAX_DEPTH or max(lengths) > _MAX_NAME_BYTES or sum(lengths) > _MAX_PATH_BYTES:
        raise BadRequest(f"The bundle cannot be used: the path of the entry {shown} is too long")
    if not name.isprintable():  # control characters, and halves of surrogate pairs
        raise BadRequest(f"The bundle cannot be used: the name of the entry {shown} has invalid characters")
    return parts
