"""Local storage: files in a folder on the local disk."""

import fcntl
import hashlib
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from voxel51.server.storage.disk import (
    WriteBehind,
    check_free_space,
    free_space,
    make_folder,
    storage_unavailable,
    sync_file,
    sync_folder,
    translate_disk_error,
    translated_disk_errors,
    write_all,
)
from voxel51.server.storage.local_partial import LocalPartialFiles
from voxel51.server.storage.partial import Chunk, FileInfo
from voxel51.server.storage.storage import CHUNK_BYTES

log = logging.getLogger(__name__)

_LINK = "link-"
"""Beginning of the names in ``incoming`` that `LocalStorage.restore` uses for a moment, and which no process locks."""

_LINK_SECONDS = 60.0


class LocalStorage:
    """Files below one root, as ``<folder>/<first letter of the name>/<name>``, which keeps folders small.

    A file is written in ``incoming`` and moved into place after a sync, so that a crash leaves no partial file visible.
    Files that a crash left in ``incoming`` are removed when the storage is opened. Processes may share the root: each
    locks what it writes, and the kernel releases the locks of a process that dies.
    """

    def __init__(self, root: Path, reserve_bytes: int = 0) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._reserve_bytes = reserve_bytes
        self.direct = None
        # "growing" is the name of the folder on disk in existing data folders.
        self.partial = LocalPartialFiles(root / "growing", self._path, reserve_bytes)

    def open(self) -> None:
        """Create the folders, and remove files that processes left unfinished which have died."""
        self.make_folders()
        for path in self._incoming.iterdir():
            if not _is_being_written(path):
                path.unlink(missing_ok=True)

    def make_folders(self) -> None:
        """Create the folders that are missing. Any process may do so at any time."""
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.partial.make_folder()
        sync_folder(self._root)
        sync_folder(self._root.parent)

    def writer(self, key: str, expected_bytes: int | None = None) -> "LocalWriter":
        """Implement `Storage.writer`."""
        check_free_space(expected_bytes or 0, self._root, self._reserve_bytes)
        with translated_disk_errors():
            return LocalWriter(self._incoming / uuid.uuid4().hex, self._path(key), key)

    def free_bytes(self) -> int:
        """Implement `Storage.free_bytes`."""
        return free_space(self._root, self._reserve_bytes)

    def read(self, key: str, start: int = 0, length: int | None = None) -> "LocalReader":
        """Implement `Storage.read`."""
        with self._missing_if_mounted():
            return LocalReader(self._path(key), start, length)

    def size_bytes(self, key: str) -> int:
        """Implement `Storage.size_bytes`."""
        return self.info(key).size_bytes

    def info(self, key: str) -> FileInfo:
        """Implement `Storage.info`."""
        with self._missing_if_mounted():
            return _info(key, self._path(key))

    def delete(self, key: str) -> bool:
        """Implement `Storage.delete`."""
        try:
            self._path(key).unlink(missing_ok=True)
        except OSError as error:
            log.warning("the stored file %s cannot be deleted: %s. The next sweep tries again", key, error)
            return False
        return True

    def restore(self, key: str, source: str) -> None:
        """Implement `Storage.restore`."""
        temporary, final = self._incoming / f"{_LINK}{uuid.uuid4().hex}", self._path(key)
        make_folder(final.parent)
        try:
            try:
                os.link(self._path(source), temporary)  # no bytes are copied
            except OSError:  # the file system has no hard links
                shutil.copyfile(self._path(source), temporary)
                sync_file(temporary)
            temporary.replace(final)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(final.parent)

    def files(self) -> Iterator[FileInfo]:
        """Implement `Storage.files`."""
        for path in self._root.glob("*/?/*"):
            try:
                yield _info(f"{path.parent.parent.name}/{path.name}", path)
            except FileNotFoundError:
                continue  # deleted since it was listed

    @contextmanager
    def _missing_if_mounted(self) -> Iterator[None]:
        """Tell a missing file from a disk that is not mounted: then all files are missing, and none is lost."""
        try:
            yield
        except FileNotFoundError:
            if not self._incoming.is_dir():
                raise storage_unavailable(f"{self._root} is not mounted or was removed") from None
            raise

    def _path(self, key: str) -> Path:
        folder, _, name = key.partition("/")
        return self._root / folder / name[:1] / name


def _is_being_written(path: Path) -> bool:
    """Return whether a living process, this one or another, writes an incoming file."""
    try:
        if path.name.startswith(_LINK):
            return time.time() - path.stat().st_ctime < _LINK_SECONDS
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _info(key: str, path: Path) -> FileInfo:
    found = path.stat()
    return FileInfo(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


class LocalWriter:
    """A file that is being written. Implements `voxel51.server.storage.storage.Writer`."""

    def __init__(self, temporary: Path, final: Path, key: str) -> None:
        self.key = key
        self.size_bytes = 0
        self._temporary = temporary
        self._final = final
        self._hash = hashlib.sha256()
        self._synced_bytes = 0  # an empty file has no content: its name is synced with its folder
        self._descriptor: int | None = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)  # until it is closed: see `LocalStorage.open`
        self._write_behind = WriteBehind(self._descriptor, 0)

    @property
    def sha256(self) -> str:
        """Implement `Writer.sha256`."""
        return self._hash.hexdigest()

    def write(self, chunk: Chunk) -> None:
        """Implement `Writer.write`."""
        if self._descriptor is None:
            raise ValueError(f"the writer of {self.key} is closed")
        with self._abort_on_error():
            write_all(self._descriptor, chunk)
        self._hash.update(chunk)
        self.size_bytes += len(chunk)
        self._write_behind.advance(self.size_bytes)

    def sync(self) -> None:
        """Implement `Writer.sync`."""
        if self._descriptor is not None and self._synced_bytes != self.size_bytes:
            with self._abort_on_error():
                os.fsync(self._descriptor)
            self._synced_bytes = self.size_bytes

    def commit(self) -> None:
        """Implement `Writer.commit`."""
        self.sync()
        if self._descriptor is None:
            return
        with self._abort_on_error():
            os.close(self._descriptor)
            self._descriptor = None
            # `sync` has made the content durable; only then may the name appear, and be made durable itself.
            make_folder(self._final.parent)
            self._temporary.replace(self._final)
            sync_folder(self._final.parent)

    def abort(self) -> None:
        """Implement `Writer.abort`."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        try:
            self._temporary.unlink(missing_ok=True)
        except OSError as error:  # the next start empties the folder
            log.warning("an incomplete file cannot be deleted: %s", error)

    @contextmanager
    def _abort_on_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.abort()
            raise translate_disk_error(error) from error


class LocalReader:
    """An open file. Implements `voxel51.server.storage.storage.Reader`."""

    def __init__(self, path: Path, start: int, length: int | None) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._position = start
        self._remaining = length

    def __iter__(self) -> "LocalReader":
        return self

    def __next__(self) -> bytes:
        wanted = CHUNK_BYTES if self._remaining is None else min(CHUNK_BYTES, self._remaining)
        chunk = os.pread(self._descriptor, wanted, self._position) if self._descriptor is not None and wanted else b""
        if not chunk:
            self.close()
            raise StopIteration
        self._position += len(chunk)
        if self._remaining is not None:
            self._remaining -= len(chunk)
        return chunk

    def close(self) -> None:
        """Implement `Reader.close`."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
