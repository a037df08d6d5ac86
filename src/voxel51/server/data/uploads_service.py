"""Resumable uploads: create, continue after interruptions, and turn into data once all bytes have arrived.

A row and the storage may disagree in one way only: the file is complete and the row does not name its data yet, because
the platform died in between. The next request for the upload finishes it, so it is finished once in the end.
"""

import hashlib
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.data.announced_space import AnnouncedSpace
from voxel51.server.data.contents import read_reuse
from voxel51.server.data.lifetime import read_date
from voxel51.server.data.service import DataService, StoredFile
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.data.tables import uploads
from voxel51.server.data.upload_rows import NewUpload, find_upload, new_row
from voxel51.server.data.upload_writer import Checksum, RunningHash, UploadWriter
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, Conflict, Locked, TooLarge
from voxel51.server.storage.hashing import sha256_of
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates
from voxel51.wire import uploads as tus

_FOLDER = "data"
_IDLE_SECONDS = 5.0
"""A request that received nothing for this long may be replaced by another: its connection may be dead unnoticed."""

_MAX_CACHED_HASHES = 1000
_STRAY_AGE = timedelta(hours=1)
"""A partial file older than this that no upload refers to is deleted. A younger one may belong to an upload whose
row is not committed yet."""


@dataclass(frozen=True, slots=True)
class UploadState:
    """Progress of an upload. ``data_id`` and ``sha256`` are set once it is finished.

    ``part_bytes`` is the size of the parts of a direct upload; nothing else is known of the progress of such one.
    """

    id: str
    size_bytes: int
    offset_bytes: int
    metadata_text: str
    expires_at: datetime
    data_id: str | None = None
    sha256: str | None = None
    part_bytes: int | None = None


class UploadService:
    """Receives resumable uploads of at most ``limit_bytes``. An upload without requests for ``idle_lifetime`` expires.

    ``_writers`` holds the one open writer per upload, and ``_claimed`` the uploads whose file is being turned into data
    or deleted; both are guarded by ``_lock``. ``_hashes`` caches running hashes between the requests of an upload, so
    that a finished file need not be read again to be hashed.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        data_service: DataService,
        limit_bytes: int,
        idle_lifetime: timedelta,
        storage_quota: StorageQuota,
        ask_others: Callable[[str], None] = lambda _upload_id: None,
    ) -> None:
        self._ask_others = ask_others
        self._database = database
        self._storage = storage
        self._data = data_service
        self._limit_bytes = limit_bytes
        self._idle_lifetime = idle_lifetime
        self._storage_quota = storage_quota
        self._announced_space = AnnouncedSpace(storage)
        self._lock = threading.Lock()
        self._writers: dict[str, UploadWriter] = {}
        self._claimed: set[str] = set()
        self._hashes: OrderedDict[str, tuple[int, RunningHash | None]] = OrderedDict()

    def create(self, owner_id: str, new: NewUpload, first: Writer | None) -> UploadState:
        """Create an upload, with its first bytes if they came with the request.

        Raises:
            TooLarge: the upload exceeds the limit, or the first bytes exceed its announced size.
            OutOfSpace: it does not fit on the disk beside all other unfinished uploads.
            OverQuota: it exceeds the owner's quota.
            BadRequest: its name or expiration date is invalid, or it is complete and has another hash.
        """
        size_bytes = new.size_bytes
        if size_bytes > self._limit_bytes:
            raise TooLarge(f"The upload has {size_bytes} bytes; this platform accepts up to {self._limit_bytes}")
        if first is not None and first.size_bytes > size_bytes:
            raise TooLarge(f"The upload exceeds the {size_bytes} bytes that were announced for it")
        upload_id, storage_key = str(uuid.uuid4()), f"{_FOLDER}/{uuid.uuid4()}"
        row = {"id": upload_id, "storage_key": storage_key, **new_row(owner_id, new, self._idle_lifetime)}
        with self._database.write() as connection:
            self._storage_quota.check(connection, owner_id, size_bytes)
            self._announced_space.check(connection, size_bytes)
            connection.execute(insert(uploads).values(row))
            file = self._storage.partial.open(storage_key, size_bytes)
            try:
                if first is not None and first.size_bytes:
                    self._move(first, file.append)
            finally:
                file.close()
            return self.state(owner_id, upload_id)

    def state(self, owner_id: str, upload_id: str) -> UploadState:
        """Return the progress of an upload. A complete one is finished first, unless another request is doing so.

        Raises:
            NotFound: the owner has no such upload.
            BadRequest: the file is complete and does not have the announced hash; the upload is deleted.
        """
        row = self._find(owner_id, upload_id)
        if row.part_bytes is not None:
            return direct_state(row)
        offset_bytes = row.size_bytes if row.data_id else self._storage.partial.size_bytes(row.storage_key)
        if offset_bytes == row.size_bytes and not row.data_id:
            with self._claim(upload_id, _IDLE_SECONDS) as claimed:
                if claimed:
                    self._finish(self._find(owner_id, upload_id))
            row = self._find(owner_id, upload_id)
        return UploadState(
            row.id, row.size_bytes, offset_bytes, row.metadata_text, row.expires_at, row.data_id, row.sha256
        )

    def open(self, owner_id: str, upload_id: str, offset_bytes: int, checksum: Checksum | None) -> UploadWriter:
        """Return a writer for the next bytes of an upload.

        Raises:
            NotFound: the owner has no such upload.
            Conflict: the upload has another number of bytes than ``offset_bytes``, or is sent to the store.
            Locked: another request is writing to it.
            OutOfSpace: the missing bytes do not fit on the disk.
        """
        row = self._find(owner_id, upload_id)
        if row.part_bytes is not None:
            raise Conflict(f"Upload '{upload_id}' takes no bytes: its parts are sent to the store")
        with self._lock:
            present = self._writers.get(upload_id)
            if upload_id in self._claimed or (present is not None and not present.take_over(_IDLE_SECONDS)):
                raise Locked(f"Upload '{upload_id}' is in use by another request. Try again in a moment")
            if present is not None:
                self._cache_hash(present)
            size_bytes = row.size_bytes if row.data_id else self._storage.partial.size_bytes(row.storage_key)
            if size_bytes != offset_bytes:
                raise Conflict(f"Upload '{upload_id}' has {size_bytes} bytes, not {offset_bytes}. Continue from there")
            writer = self._open_writer(row, size_bytes, checksum)
            self._writers[upload_id] = writer
        with self._database.write(durable=False) as connection:
            values = {"expires_at": dates.now() + self._idle_lifetime}
            connection.execute(update(uploads).where(uploads.c.id == upload_id).values(values))
        return writer

    def settle(self, owner_id: str, writer: UploadWriter) -> UploadState:
        """Return the progress of the upload after a request whose body ``writer`` received; raise as `state` does."""
        with self._lock:
            if self._writers.get(writer.upload_id) is writer:
                del self._writers[writer.upload_id]
                self._cache_hash(writer)
        return self.state(owner_id, writer.upload_id)

    def release(self, upload_id: str) -> None:
        """Close the writer of an upload that another process asks for, if it receives nothing any more."""
        with self._lock:
            present = self._writers.get(upload_id)
            if present is not None and present.take_over(_IDLE_SECONDS):
                del self._writers[upload_id]
                self._cache_hash(present)

    def delete(self, owner_id: str, upload_id: str) -> None:
        """Delete an upload. Data that it became stays.

        Raises:
            NotFound: the owner has no such upload.
            Locked: its file is being turned into data.
        """
        if not self._try_to_delete(self._find(owner_id, upload_id)):
            raise Locked(f"Upload '{upload_id}' is being finished. Try again in a moment")

    def delete_all(self, owner: User) -> bool:
        """Delete all uploads of the owner; return whether none is left."""
        with self._database.read() as connection:
            rows = connection.execute(select(uploads).where(uploads.c.owner_id == owner.id)).all()
        return all(self._try_to_delete(row) for row in rows)

    def all(self, owner: User) -> list[dict[str, object]]:
        """Return the unfinished uploads of the owner."""
        unfinished = select(uploads).where(uploads.c.owner_id == owner.id, uploads.c.data_id.is_(None))
        with self._database.read() as connection:
            rows = connection.execute(unfinished).all()
        return [
            {"id": row.id, "name": row.name, "size": row.size_bytes, "expires_at": dates.to_text(row.expires_at)}
            for row in rows
        ]

    def expire(self) -> int:
        """Delete expired uploads, and partial files that belong to none; return the number of uploads."""
        with self._database.read() as connection:
            due = connection.execute(select(uploads).where(uploads.c.expires_at <= dates.now())).all()
        deleted = sum(self._try_to_delete(row) for row in due)
        before = dates.now() - _STRAY_AGE
        strays = [file.key for file in self._storage.partial.unfinished() if file.modified_at < before]
        for key in strays:
            if not self.references(key):
                self._storage.partial.discard(key)
        return deleted

    def references(self, key: str) -> bool:
        """Return whether an upload refers to the stored file ``key``."""
        with self._database.read() as connection:
            return connection.execute(select(uploads.c.id).where(uploads.c.storage_key == key)).first() is not None

    def _move(self, first: Writer, append: Callable[[bytes], None]) -> None:
        first.commit()
        for chunk in self._storage.read(first.key):
            append(chunk)
        self._storage.delete(first.key)

    def _find(self, owner_id: str, upload_id: str) -> DatabaseRow:
        return find_upload(self._database, owner_id, upload_id)

    def _open_writer(self, row: DatabaseRow, size_bytes: int, checksum: Checksum | None) -> UploadWriter:
        if size_bytes == row.size_bytes:
            return UploadWriter(row.id, None, row.size_bytes, None, checksum)
        hashed_bytes, sha256 = self._hashes.pop(row.id, (0, None))
        if size_bytes == 0:
            sha256 = hashlib.sha256()
        elif hashed_bytes != size_bytes:
            sha256 = None
        try:
            file = self._storage.partial.open(row.storage_key, row.size_bytes - size_bytes)
        except Locked:  # by a request to another process, which may be one whose client is gone
            self._ask_others(row.id)
            raise
        if file.size_bytes != size_bytes:
            file.close()
            raise Conflict(f"Upload '{row.id}' has {file.size_bytes} bytes now. Continue from there")
        return UploadWriter(row.id, file, row.size_bytes, sha256, checksum)

    @contextmanager
    def _claim(self, upload_id: str, idle_seconds: float) -> Iterator[bool]:
        """Yield whether the caller may finish or delete the upload: no other request does so.

        Nor may another one write to it, unless that has received nothing for ``idle_seconds``: it is closed then.
        """
        with self._lock:
            present = self._writers.get(upload_id)
            claimed = upload_id not in self._claimed and (present is None or present.take_over(idle_seconds))
            if claimed:
                self._claimed.add(upload_id)
        try:
            yield claimed
        finally:
            if claimed:
                with self._lock:
                    self._claimed.discard(upload_id)

    def _finish(self, row: DatabaseRow) -> None:
        if row.data_id or self._storage.partial.size_bytes(row.storage_key) != row.size_bytes:
            return
        sha256 = self._sha256_of(row)
        if row.expected_sha256 not in {None, sha256}:
            self._delete(row)
            raise BadRequest(
                f"The file has the SHA-256 {sha256}, not {row.expected_sha256} as announced, and was not kept. "
                "Upload it again"
            )
        # The file becomes durable before the record that refers to it. A crash between the two leaves a complete upload
        # without data, which the next `state` finishes: finishing the file a second time does nothing.
        self._storage.partial.finish(row.storage_key)
        file = StoredFile(row.storage_key, row.size_bytes, sha256)
        expiration = None if row.data_ttl is None else read_date(row.data_ttl)
        reuse = read_reuse(tus.metadata_from_header(row.metadata_text).get("reuse"))
        with self._database.write() as connection:
            present = select(uploads.c.data_id).where(uploads.c.id == row.id).with_for_update()
            found = connection.execute(present).first()
            if found is None or found.data_id:
                return  # another process has finished or deleted it
            added = self._data.record(
                row.owner_id, row.name, row.media_type, file, expiration, is_counted=True, reuse=reuse
            )
            connection.execute(update(uploads).where(uploads.c.id == row.id).values(data_id=added.record["id"]))

    def _cache_hash(self, writer: UploadWriter) -> None:
        self._hashes[writer.upload_id] = (writer.size_bytes, writer.sha256)
        while len(self._hashes) > _MAX_CACHED_HASHES:
            self._hashes.popitem(last=False)

    def _sha256_of(self, row: DatabaseRow) -> str:
        with self._lock:
            hashed_bytes, running = self._hashes.pop(row.id, (0, None))
        if running is None or hashed_bytes != row.size_bytes:  # this process did not receive the whole file
            return sha256_of(self._storage.partial.read(row.storage_key))
        return running.hexdigest()

    def _try_to_delete(self, row: DatabaseRow) -> bool:
        """Delete an upload unless its file is being turned into data, which would lose its file; return whether."""
        with self._claim(row.id, idle_seconds=0.0) as claimed:
            if claimed:
                self._delete(row)
        return claimed

    def _delete(self, row: DatabaseRow) -> None:
        with self._lock:
            present = self._writers.pop(row.id, None)
            if present is not None:
                present.take_over(0)
            self._hashes.pop(row.id, None)
        with self._database.write(frees_space=True) as connection:
            connection.execute(delete(uploads).where(uploads.c.id == row.id))
        # After the commit: a rollback must not leave a row without its file.
        self._database.after_commit(partial(self._storage.partial.discard, row.storage_key))
        if not row.data_id:
            self._database.after_commit(partial(self._delete_unless_data, row.storage_key))
            if row.part_bytes is not None and self._storage.direct is not None:
                self._database.after_commit(partial(self._storage.direct.abort, row.storage_key))

    def _delete_unless_data(self, key: str) -> None:
        """Delete a file that was finished but became no data before its upload was deleted."""
        if not self._data.references(key):
            self._storage.delete(key)


def direct_state(row: DatabaseRow) -> UploadState:
    """Return the state of a direct upload, of which the platform itself receives nothing."""
    offset_bytes = row.size_bytes if row.data_id else 0
    return UploadState(
        row.id,
        row.size_bytes,
        offset_bytes,
        row.metadata_text,
        row.expires_at,
        row.data_id,
        row.sha256,
        row.part_bytes,
    )
