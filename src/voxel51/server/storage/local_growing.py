"""Growing files on the local disk."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from voxel51.server.storage.disk import make_folder, room_for, said_full, sync_folder, write_all
from voxel51.server.storage.growing import Stored

_CHUNK_BYTES = 1024 * 1024


class LocalGrowingFiles:
    """See `voxel51.server.storage.growing.GrowingFiles`: ``<folder>/<folder of the key>.<name of the key>``.

    ``final`` says where a key's finished file lies.
    """

    def __init__(self, folder: Path, final: Callable[[str], Path], reserve_bytes: int) -> None:
        self._folder = folder
        self._final = final
        self._reserve_bytes = reserve_bytes

    def make_folder(self) -> None:
        """Make the folder that all of them lie in."""
        self._folder.mkdir(exist_ok=True, mode=0o700)

    def open(self, key: str, expected_bytes: int = 0) -> "LocalGrowth":
        """See `GrowingFiles.open`."""
        room_for(expected_bytes, self._folder, self._reserve_bytes)
        return LocalGrowth(self._path(key))

    def size_bytes(self, key: str) -> int:
        """See `GrowingFiles.size_bytes`."""
        for path in (self._path(key), self._final(key)):
            try:
                return path.stat().st_size
            except FileNotFoundError:
                continue
        return 0

    def read(self, key: str) -> Iterator[bytes]:
        """See `GrowingFiles.read`."""
        path = self._path(key)
        with (path if path.exists() else self._final(key)).open("rb", buffering=0) as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def finish(self, key: str) -> None:
        """See `GrowingFiles.finish`."""
        path, final = self._path(key), self._final(key)
        try:
            _sync(path)
        except FileNotFoundError:
            if final.exists():
                return
            raise
        make_folder(final.parent)
        path.replace(final)
        sync_folder(final.parent)

    def forget(self, key: str) -> None:
        """See `GrowingFiles.forget`."""
        self._path(key).unlink(missing_ok=True)

    def unfinished(self) -> Iterator[Stored]:
        """See `GrowingFiles.unfinished`."""
        for path in self._folder.iterdir():
            try:
                found = path.stat()
            except FileNotFoundError:
                continue  # finished since it was listed
            yield Stored(path.name.replace(".", "/", 1), found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def _path(self, key: str) -> Path:
        return self._folder / key.replace("/", ".", 1)


class LocalGrowth:
    """See `voxel51.server.storage.growing.Growth`."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor: int | None = os.open(path, flags, 0o600)
        self.size_bytes = os.fstat(self._descriptor).st_size

    def append(self, chunk: bytes | bytearray | memoryview) -> None:
        """See `Growth.append`."""
        descriptor = self._opened()
        try:
            write_all(descriptor, chunk)
        except OSError as error:
            self.shorten(self.size_bytes)
            raise said_full(error) from error
        self.size_bytes += len(chunk)

    def shorten(self, size_bytes: int) -> None:
        """See `Growth.shorten`."""
        os.ftruncate(self._opened(), size_bytes)
        self.size_bytes = size_bytes

    def close(self) -> None:
        """See `Growth.close`."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _opened(self) -> int:
        if self._descriptor is None:
            raise ValueError("this file is no longer being appended to")
        return self._descriptor


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
