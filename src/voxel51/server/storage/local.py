"""Bytes on the local disk."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from voxel51.server.storage.disk import make_folder, room_for, said_full, sync_folder, write_all
from voxel51.server.storage.growing import Stored
from voxel51.server.storage.local_growing import LocalGrowingFiles
from voxel51.server.storage.storage import CHUNK_BYTES


class LocalStorage:
    """Files in one folder: ``<folder>/<first letter of the name>/<name>``, so that no folder grows too wide.

    A file is written in ``incoming`` and moved into place after a sync, so that a crash leaves no half file visible.
    What a crash left in ``incoming`` is removed when the storage is opened.
    """

    def __init__(self, root: Path, reserve_bytes: int = 0) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._reserve_bytes = reserve_bytes
        self.growing = LocalGrowingFiles(root / "growing", self._path, reserve_bytes)

    def open(self) -> None:
        """Make the folders, and clear what a crash left half-written. Only one process may do so at a time."""
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir(parents=True, mode=0o700)
        self.growing.make_folder()

    def writer(self, key: str, expected_bytes: int | None = None) -> "LocalWriter":
        """See `Storage.writer`."""
        room_for(expected_bytes or 0, self._root, self._reserve_bytes)
        return LocalWriter(self._incoming / uuid.uuid4().hex, self._path(key), key)

    def read(self, key: str, start: int = 0, length: int | None = None) -> "LocalReader":
        """See `Storage.read`."""
        return LocalReader(self._path(key), start, length)

    def size_bytes(self, key: str) -> int:
        """See `Storage.size_bytes`."""
        return self._path(key).stat().st_size

    def delete(self, key: str) -> None:
        """See `Storage.delete`."""
        self._path(key).unlink(missing_ok=True)

    def files(self) -> Iterator[Stored]:
        """See `Storage.files`."""
        for path in self._root.glob("*/?/*"):
            try:
                found = path.stat()
            except FileNotFoundError:
                continue  # deleted since it was listed
            key = f"{path.parent.parent.name}/{path.name}"
            yield Stored(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def _path(self, key: str) -> Path:
        folder, _, name = key.partition("/")
        return self._root / folder / name[:1] / name


class LocalWriter:
    """See `voxel51.server.storage.storage.Writer`."""

    def __init__(self, temporary: Path, final: Path, key: str) -> None:
        self.key = key
        self.size_bytes = 0
        self._temporary = temporary
        self._final = final
        self._hash = hashlib.sha256()
        self._synced_bytes = -1
        self._descriptor: int | None = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    @property
    def sha256(self) -> str:
        """See `Writer.sha256`."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """See `Writer.write`."""
        if self._descriptor is None:
            raise ValueError(f"{self.key} is no longer being written")
        with self._aborting():
            write_all(self._descriptor, chunk)
        self._hash.update(chunk)
        self.size_bytes += len(chunk)

    def sync(self) -> None:
        """See `Writer.sync`."""
        if self._descriptor is not None and self._synced_bytes != self.size_bytes:
            with self._aborting():
                os.fsync(self._descriptor)
            self._synced_bytes = self.size_bytes

    def commit(self) -> None:
        """See `Writer.commit`."""
        self.sync()
        if self._descriptor is None:
            return
        with self._aborting():
            os.close(self._descriptor)
            self._descriptor = None
            make_folder(self._final.parent)
            self._temporary.replace(self._final)
            sync_folder(self._final.parent)

    def abort(self) -> None:
        """See `Writer.abort`."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._temporary.unlink(missing_ok=True)

    @contextmanager
    def _aborting(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.abort()
            raise said_full(error) from error


class LocalReader:
    """See `voxel51.server.storage.storage.Reader`."""

    def __init__(self, path: Path, start: int, length: int | None) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._position = start
        self._left = length

    def __iter__(self) -> "LocalReader":
        return self

    def __next__(self) -> bytes:
        wanted = CHUNK_BYTES if self._left is None else min(CHUNK_BYTES, self._left)
        chunk = os.pread(self._descriptor, wanted, self._position) if self._descriptor is not None and wanted else b""
        if not chunk:
            self.close()
            raise StopIteration
        self._position += len(chunk)
        if self._left is not None:
            self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        """See `Reader.close`."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
