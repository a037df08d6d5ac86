"""Partial files in a bucket: each appended piece is an object of its own, named by its offset.

The pieces are joined when the file is finished. Until then the file ``data/abc`` is ``growing/data.abc/<offset>``.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from voxel51.server.storage.partial import Chunk, FileInfo

log = logging.getLogger(__name__)

PARTIAL_FOLDER = "growing"

_JOIN_PART_BYTES = 16 * 1024 * 1024
"""Size of the parts of the upload that joins the pieces."""

_OFFSET_DIGITS = 20

StoreErrors = Callable[[], AbstractContextManager[None]]
"""Context in which errors of the store become those of the platform."""


class S3PartialFiles:
    """Partial files in one bucket. Implements `voxel51.server.storage.partial.PartialFiles`."""

    def __init__(self, bucket: S3Store, store_errors: StoreErrors) -> None:
        self._bucket = bucket
        self._store_errors = store_errors

    def open(self, key: str, expected_bytes: int = 0) -> "S3PartialFile":  # noqa: ARG002  (there is no limit)
        """Implement `PartialFiles.open`."""
        with self._store_errors():
            pieces = self._pieces(key)
            if not pieces:
                obstore.put(self._bucket, _piece(key, 0), b"")  # marks that the file exists
        return S3PartialFile(self._bucket, key, _end(pieces), self._store_errors)

    def size_bytes(self, key: str) -> int:
        """Implement `PartialFiles.size_bytes`."""
        with self._store_errors():
            pieces = self._pieces(key)
            if pieces:
                return _end(pieces)
            try:
                return int(obstore.head(self._bucket, key)["size"])
            except FileNotFoundError:
                return 0

    def read(self, key: str) -> Iterator[bytes]:
        """Implement `PartialFiles.read`."""
        with self._store_errors():
            paths = [_piece(key, offset) for offset, _ in self._pieces(key)] or [key]
            for path in paths:
                yield from map(bytes, obstore.get(self._bucket, path).stream(min_chunk_size=1024 * 1024))

    def finish(self, key: str) -> None:
        """Implement `PartialFiles.finish`."""
        with self._store_errors():
            pieces = self._pieces(key)
            if not pieces:
                obstore.head(self._bucket, key)
                return
            upload = obstore.open_writer(self._bucket, key, buffer_size=_JOIN_PART_BYTES, max_concurrency=4)
            for offset, _ in pieces:
                upload.write(bytes(obstore.get(self._bucket, _piece(key, offset)).bytes()))
            upload.close()
        self._delete(key)

    def discard(self, key: str) -> None:
        """Implement `PartialFiles.discard`."""
        self._delete(key)

    def unfinished(self) -> Iterator[FileInfo]:
        """Implement `PartialFiles.unfinished`."""
        sizes: dict[str, int] = {}
        changed: dict[str, datetime] = {}
        with self._store_errors():
            for page in obstore.list(self._bucket, f"{PARTIAL_FOLDER}/"):
                for found in page:
                    key = found["path"].split("/")[1].replace(".", "/", 1)
                    sizes[key] = sizes.get(key, 0) + found["size"]
                    changed[key] = max(changed.get(key, found["last_modified"]), found["last_modified"])
        for key, size_bytes in sizes.items():
            yield FileInfo(key, size_bytes, changed[key])

    def _pieces(self, key: str) -> list[tuple[int, int]]:
        return pieces_of(self._bucket, key)

    def _delete(self, key: str) -> None:
        try:
            paths = [_piece(key, offset) for offset, _ in self._pieces(key)]
            if paths:
                obstore.delete(self._bucket, paths)
        except (BaseError, FileNotFoundError) as error:
            log.warning("the incomplete file %s cannot be deleted: %s. A later sweep tries again", key, error)


class S3PartialFile:
    """An open partial file. Implements `voxel51.server.storage.partial.PartialFile`."""

    def __init__(self, bucket: S3Store, key: str, size_bytes: int, store_errors: StoreErrors) -> None:
        self.size_bytes = size_bytes
        self._bucket = bucket
        self._key = key
        self._store_errors = store_errors
        self._is_open = True

    def append(self, chunk: Chunk) -> None:
        """Implement `PartialFile.append`."""
        self._require_open()
        if not len(chunk):
            return
        with self._store_errors():
            obstore.put(self._bucket, _piece(self._key, self.size_bytes), bytes(chunk), use_multipart=False)
        self.size_bytes += len(chunk)

    def truncate(self, size_bytes: int) -> None:
        """Implement `PartialFile.truncate`."""
        self._require_open()
        with self._store_errors():
            for offset, size in pieces_of(self._bucket, self._key):
                if offset < size_bytes < offset + size:
                    kept = obstore.get_range(self._bucket, _piece(self._key, offset), start=0, end=size_bytes - offset)
                    obstore.put(self._bucket, _piece(self._key, offset), bytes(kept))
                elif offset >= size_bytes and offset:
                    obstore.delete(self._bucket, _piece(self._key, offset))
                elif size_bytes == 0:
                    obstore.put(self._bucket, _piece(self._key, 0), b"")
        self.size_bytes = size_bytes

    def close(self) -> None:
        """Implement `PartialFile.close`. What was appended is in the store already."""
        self._is_open = False

    def _require_open(self) -> None:
        if not self._is_open:
            raise ValueError("this partial file is closed")


def pieces_of(bucket: S3Store, key: str) -> list[tuple[int, int]]:
    """Return offset and size of each piece of a partial file, in order."""
    pages = obstore.list(bucket, f"{_folder(key)}/")
    return sorted((int(found["path"].rpartition("/")[2]), found["size"]) for page in pages for found in page)


def _end(pieces: list[tuple[int, int]]) -> int:
    return sum(pieces[-1]) if pieces else 0


def _folder(key: str) -> str:
    return f"{PARTIAL_FOLDER}/{key.replace('/', '.', 1)}"


def _piece(key: str, offset: int) -> str:
    return f"{_folder(key)}/{offset:0{_OFFSET_DIGITS}d}"
