"""Partial files on the local disk."""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from voxel51.server.errors import Locked
from voxel51.server.storage.disk import (
    WriteBehind,
    check_free_space,
    make_folder,
    sync_file,
    sync_folder,
    translate_disk_error,
    translated_disk_errors,
    write_all,
)
from voxel51.server.storage.partial import Chunk, FileInfo

_CHUNK_BYTES = 1024 * 1024
log = logging.getLogger(__name__)


class LocalPartialFiles:
    """Partial files in one folder, as ``<folder of the key>.<name of the key>``.

    Implements `voxel51.server.storage.partial.PartialFiles`. ``final`` maps a key to the path of its finished file.
    """

    def __init__(self, folder: Path, final: Callable[[str], Path], reserve_bytes: int) -> None:
        self._folder = folder
        self._final = final
        self._reserve_bytes = reserve_bytes

    def make_folder(self) -> None:
        """Create the folder of all partial files."""
        self._folder.mkdir(exist_ok=True, mode=0o700)

    def open(self, key: str, expected_bytes: int = 0) -> "LocalPartialFile":
        """Implement `PartialFiles.open`."""
        check_free_space(expected_bytes, self._folder, self._reserve_bytes)
        with translated_disk_errors():
            return LocalPartialFile(self._path(key))

    def size_bytes(self, key: str) -> int:
        """Implement `PartialFiles.size_bytes`."""
        for path in (self._path(key), self._final(key)):
            try:
                return path.stat().st_size
            except FileNotFoundError:
                continue
        return 0

    def read(self, key: str) -> Iterator[bytes]:
        """Implement `PartialFiles.read`."""
        path = self._path(key)
        with (path if path.exists() else self._final(key)).open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def finish(self, key: str) -> None:
        """Implement `PartialFiles.finish`."""
        path, final = self._path(key), self._final(key)
        # Content before name: a crash after the rename must not leave a file with missing bytes under its key.
        try:
            sync_file(path)
        except FileNotFoundError:
            if final.exists():
                return
            raise
        make_folder(final.parent)
        try:
            path.replace(final)
        except FileNotFoundError:
            if not final.exists():  # otherwise another process has just finished it
                raise
        sync_folder(final.parent)

    def discard(self, key: str) -> None:
        """Implement `PartialFiles.discard`."""
        try:
            self._path(key).unlink(missing_ok=True)
        except OSError as error:
            log.warning("the incomplete file %s cannot be deleted: %s. A later sweep tries again", key, error)

    def unfinished(self) -> Iterator[FileInfo]:
        """Implement `PartialFiles.unfinished`."""
        for path in self._folder.iterdir():
            try:
                found = path.stat()
            except FileNotFoundError:
                continue  # finished or discarded since it was listed
            yield FileInfo(path.name.replace(".", "/", 1), found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def _path(self, key: str) -> Path:
        return self._folder / key.replace("/", ".", 1)


class LocalPartialFile:
    """An open partial file. Implements `voxel51.server.storage.partial.PartialFile`.

    It is locked, so that processes that share the folder do not append at once. The kernel releases the lock of a
    process that dies.

    Raises:
        Locked: another process has it open.
    """

    def __init__(self, path: Path) -> None:
        is_new = not path.exists()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor: int | None = os.open(path, flags, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise Locked("The upload is in use by another request. Try again in a moment") from None
        self.size_bytes = self._synced_bytes = os.fstat(self._descriptor).st_size
        self._write_behind = WriteBehind(self._descriptor, self.size_bytes)
        if is_new:
            sync_folder(path.parent)

    def append(self, chunk: Chunk) -> None:
        """Implement `PartialFile.append`."""
        descriptor = self._require_open()
        try:
            write_all(descriptor, chunk)
        except OSError as error:
            self.truncate(self.size_bytes)  # a full disk may have taken a part of the chunk
            raise translate_disk_error(error) from error
        self.size_bytes += len(chunk)
        self._write_behind.advance(self.size_bytes)

    def truncate(self, size_bytes: int) -> None:
        """Implement `PartialFile.truncate`."""
        os.ftruncate(self._require_open(), size_bytes)
        self.size_bytes = size_bytes

    def close(self) -> None:
        """Implement `PartialFile.close`."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            if self._synced_bytes != self.size_bytes:
                os.fsync(descriptor)  # the sender is told the number of bytes, and does not send them again
        except OSError as error:
            raise translate_disk_error(error) from error
        finally:
            os.close(descriptor)

    def _require_open(self) -> int:
        if self._descriptor is None:
            raise ValueError("this partial file is closed")
        return self._descriptor
