"""Storage in a bucket of an S3-compatible store, such as Amazon S3, SeaweedFS, MinIO or Ceph.

A file ``data/abc`` is the object ``<prefix>/data/abc``. Files are written as multipart uploads, which become visible
when they are completed. An upload that is never completed leaves parts in the bucket that no listing shows: a lifecycle
rule of the bucket should delete them.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from voxel51.server.storage.disk import storage_unavailable
from voxel51.server.storage.partial import Chunk, FileInfo
from voxel51.server.storage.s3_partial import PARTIAL_FOLDER, S3PartialFiles, StoreErrors
from voxel51.server.storage.storage import CHUNK_BYTES

if TYPE_CHECKING:
    from obstore import GetOptions, WritableFile

    from voxel51.server.storage.direct import DirectTransfers

log = logging.getLogger(__name__)

PART_BYTES = 8 * CHUNK_BYTES
"""Size of the parts of an upload. With the 10,000 parts that S3 allows, a file has at most 80 GB."""

_PARTS_AT_ONCE = 4
"""Parts of one upload that are sent at the same time; each is in memory."""

_NOT_SATISFIABLE = "416"


class S3Storage:
    """Files in one bucket, below the prefix of ``bucket``. Implements `voxel51.server.storage.storage.Storage`.

    Attributes:
        partial: files that arrive in several requests.
        direct: transfers by signed links, if clients can reach the store.
    """

    def __init__(self, bucket: S3Store, direct: "DirectTransfers | None" = None) -> None:
        self._bucket = bucket
        self.direct = direct
        self.partial = S3PartialFiles(bucket, self._store_errors)

    def open(self) -> None:
        """Check that the bucket can be listed.

        Raises:
            voxel51.server.errors.Unavailable: it cannot.
        """
        with self._store_errors():
            next(iter(obstore.list(self._bucket, chunk_size=1)), None)

    def writer(self, key: str, expected_bytes: int | None = None) -> "S3Writer":  # noqa: ARG002  (there is no limit)
        """Implement `Storage.writer`."""
        return S3Writer(self._bucket, key, self._store_errors)

    def read(self, key: str, start: int = 0, length: int | None = None) -> "S3Reader":
        """Implement `Storage.read`."""
        with self._store_errors(), self._missing_if_present():
            if length == 0:
                obstore.head(self._bucket, key)
                return S3Reader(iter(()), self._store_errors)
            try:
                found = obstore.get(self._bucket, key, options=_range(start, length))
            except BaseError as error:
                if start and _NOT_SATISFIABLE in str(error):  # nothing follows ``start``
                    return S3Reader(iter(()), self._store_errors)
                raise
            return S3Reader(map(bytes, found.stream(min_chunk_size=CHUNK_BYTES)), self._store_errors)

    def size_bytes(self, key: str) -> int:
        """Implement `Storage.size_bytes`."""
        return self.info(key).size_bytes

    def info(self, key: str) -> FileInfo:
        """Implement `Storage.info`."""
        with self._store_errors(), self._missing_if_present():
            found = obstore.head(self._bucket, key)
        return FileInfo(key, found["size"], found["last_modified"])

    def delete(self, key: str) -> bool:
        """Implement `Storage.delete`."""
        try:
            obstore.delete(self._bucket, key)
        except FileNotFoundError:
            return True
        except BaseError as error:
            log.warning("the stored file %s cannot be deleted: %s. The next sweep tries again", key, error)
            return False
        return True

    def free_bytes(self) -> None:
        """Implement `Storage.free_bytes`: a bucket has no limit that it would tell."""

    def restore(self, key: str, source: str) -> None:
        """Implement `Storage.restore`."""
        with self._store_errors(), self._missing_if_present():
            obstore.copy(self._bucket, source, key)

    def files(self) -> Iterator[FileInfo]:
        """Implement `Storage.files`."""
        with self._store_errors():
            for page in obstore.list(self._bucket):
                for found in page:
                    folder, _, name = found["path"].partition("/")
                    if name and folder != PARTIAL_FOLDER:
                        yield FileInfo(found["path"], found["size"], found["last_modified"])

    @contextmanager
    def _store_errors(self) -> Iterator[None]:
        """Raise Unavailable for an error of the store. A missing file is none."""
        try:
            yield
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            # The text has addresses inside the operator's network, which users must not see.
            log.warning("the S3 store failed: %s", str(error).partition("\n")[0][:500])
            raise storage_unavailable("its S3 store does not answer or refuses") from error

    @contextmanager
    def _missing_if_present(self) -> Iterator[None]:
        """Tell a missing file from a missing bucket: then all files are missing, and none is lost."""
        try:
            yield
        except FileNotFoundError:
            try:
                next(iter(obstore.list(self._bucket, chunk_size=1)), None)
            except FileNotFoundError:
                raise storage_unavailable("the bucket does not exist") from None
            raise


class S3Writer:
    """An upload. Implements `voxel51.server.storage.storage.Writer`."""

    def __init__(self, bucket: S3Store, key: str, store_errors: StoreErrors) -> None:
        self.key = key
        self.size_bytes = 0
        self._hash = hashlib.sha256()
        self._store_errors = store_errors
        self._upload: WritableFile | None = obstore.open_writer(
            bucket, key, buffer_size=PART_BYTES, max_concurrency=_PARTS_AT_ONCE
        )

    @property
    def sha256(self) -> str:
        """Implement `Writer.sha256`."""
        return self._hash.hexdigest()

    def write(self, chunk: Chunk) -> None:
        """Implement `Writer.write`."""
        if self._upload is None:
            raise ValueError(f"the writer of {self.key} is closed")
        with self._abort_on_error():
            self._upload.write(bytes(chunk))  # the memory of ``chunk`` is used again while the part is sent
        self._hash.update(chunk)
        self.size_bytes += len(chunk)

    def sync(self) -> None:
        """Implement `Writer.sync`. Only the last part is still to be sent then."""
        if self._upload is not None:
            with self._abort_on_error():
                self._upload.flush()

    def commit(self) -> None:
        """Implement `Writer.commit`."""
        if self._upload is not None:
            with self._abort_on_error():
                self._upload.close()
            self._upload = None

    def abort(self) -> None:
        """Implement `Writer.abort`. Parts that were sent stay hidden in the bucket."""
        self._upload = None

    @contextmanager
    def _abort_on_error(self) -> Iterator[None]:
        try:
            with self._store_errors():
                yield
        except BaseException:
            self.abort()
            raise


class S3Reader:
    """A download. Implements `voxel51.server.storage.storage.Reader`."""

    def __init__(self, chunks: Iterator[bytes], store_errors: StoreErrors) -> None:
        self._chunks = chunks
        self._store_errors = store_errors
        self._rest = memoryview(b"")

    def __iter__(self) -> "S3Reader":
        """Return the reader itself."""
        return self

    def __next__(self) -> bytes:
        """Return the next chunk. The store chooses sizes of its own, so a large one is returned in pieces."""
        if not self._rest:
            with self._store_errors():
                self._rest = memoryview(next(self._chunks))
        chunk, self._rest = self._rest[:CHUNK_BYTES], self._rest[CHUNK_BYTES:]
        return bytes(chunk)

    def close(self) -> None:
        """Implement `Reader.close`."""
        self._chunks, self._rest = iter(()), memoryview(b"")


def _range(start: int, length: int | None) -> "GetOptions":
    if length is not None:
        return {"range": (start, start + length)}
    return {"range": {"offset": start}} if start else {}
