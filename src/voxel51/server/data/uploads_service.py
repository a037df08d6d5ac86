"""Uploads that come in pieces: begun, gone on with after whatever cut them, and made data once they are whole.

What a row says and what the storage holds may differ only in one way: the file is whole and the row does not name its
data yet, because the platform died in between. Whoever asks next finishes that, so it is done once in the end.
"""

import hashlib
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.data.appending import Appender, Checksum
from voxel51.server.data.lifetime import first_expiration, read_date
from voxel51.server.data.names import clean_media_type, clean_name
from voxel51.server.data.service import DataService, StoredFile
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.data.tables import data, uploads
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Conflict, Locked, NotFound, TooLarge
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates

_FOLDER = "data"
_IDLE_SECONDS = 5.0
"""A request that has sent nothing for so long makes way for another: its connection may be dead unnoticed."""

_MOST_HASHES = 1000
_STRAY_AGE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Announced:
    """What is said of an upload before its bytes come. ``sha256`` in hexadecimal, where it is known by then."""

    size_bytes: int
    metadata_text: str
    metadata: Mapping[str, str]
    sha256: str | None


@dataclass(frozen=True, slots=True)
class UploadState:
    """Where an upload stands. ``data_id`` and ``sha256`` once it is finished."""

    id: str
    size_bytes: int
    offset_bytes: int
    metadata_text: str
    expires_at: datetime
    data_id: str | None = None
    sha256: str | None = None


class UploadService:
    """Takes uploads in pieces, none larger than ``limit_bytes``; one that nobody goes on with expires."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        kept: DataService,
        limit_bytes: int,
        patience: timedelta,
        storage_quota: StorageQuota,
    ) -> None:
        self._database = database
        self._storage = storage
        self._data = kept
        self._limit_bytes = limit_bytes
        self._patience = patience
        self._storage_quota = storage_quota
        self._lock = threading.Lock()
        self._busy: dict[str, Appender] = {}
        self._finishing: set[str] = set()
        self._hashes: OrderedDict[str, tuple[int, Any]] = OrderedDict()

    def create(self, owner_id: str, announced: Announced, first: Writer | None) -> UploadState:
        """Begin an upload, with its first bytes, perhaps all of them.

        Raises:
            TooLarge: it is larger than is taken, or more came than was announced.
            OutOfSpace: it will not fit.
            OverQuota: the owner has no room for it.
            BadRequest: its name or the date until which it is kept will not do, or it is whole and has another hash.
        """
        size_bytes = announced.size_bytes
        if size_bytes > self._limit_bytes:
            raise TooLarge(f"{size_bytes} bytes are more than the {self._limit_bytes} that this platform takes")
        if first is not None and first.size_bytes > size_bytes:
            raise TooLarge(f"More came than the {size_bytes} bytes that were announced for this upload")
        row = self._new_row(owner_id, announced)
        with self._database.write() as connection:
            self._storage_quota.check(connection, owner_id, size_bytes)
            connection.execute(insert(uploads).values(row))
            growth = self._storage.growing.open(row["storage_key"], size_bytes)
            try:
                if first is not None and first.size_bytes:
                    self._move(first, growth.append)
            finally:
                growth.close()
            return self.state(owner_id, row["id"])

    def state(self, owner_id: str, upload_id: str) -> UploadState:
        """Where an upload stands. One that is whole is finished first, unless another request is at that.

        Raises:
            NotFound: the owner has no such upload.
            BadRequest: it is whole and is not what was announced; it is forgotten.
        """
        row = self._find(owner_id, upload_id)
        offset_bytes = row.size_bytes if row.data_id else self._storage.growing.size_bytes(row.storage_key)
        if offset_bytes == row.size_bytes and not row.data_id:
            with self._alone_finishing(upload_id) as alone:
                if alone:
                    self._finish(self._find(owner_id, upload_id))
            row = self._find(owner_id, upload_id)
        return UploadState(
            row.id, row.size_bytes, offset_bytes, row.metadata_text, row.expires_at, row.data_id, row.sha256
        )

    def open(self, owner_id: str, upload_id: str, offset_bytes: int, checksum: Checksum | None) -> Appender:
        """What the next bytes go into.

        Raises:
            NotFound: the owner has no such upload.
            Conflict: it has another number of bytes than ``offset_bytes``.
            Locked: another request is at it.
            OutOfSpace: what is missing will not fit.
        """
        row = self._find(owner_id, upload_id)
        with self._lock:
            present = self._busy.get(upload_id)
            if upload_id in self._finishing or (present is not None and not present.take_away(_IDLE_SECONDS)):
                raise Locked(f"Another request is at upload '{upload_id}'; try again in a moment")
            if present is not None:
                self._remember_hash(present)
            size_bytes = row.size_bytes if row.data_id else self._storage.growing.size_bytes(row.storage_key)
            if size_bytes != offset_bytes:
                raise Conflict(f"Upload '{upload_id}' has {size_bytes} bytes, not {offset_bytes}; go on from there")
            appender = self._appender(row, size_bytes, checksum)
            self._busy[upload_id] = appender
        with self._database.write(durable=False) as connection:
            values = {"expires_at": dates.now() + self._patience}
            connection.execute(update(uploads).where(uploads.c.id == upload_id).values(values))
        return appender

    def settle(self, owner_id: str, appender: Appender) -> UploadState:
        """What became of the upload by the body that ``appender`` took; raises as `state` does."""
        with self._lock:
            if self._busy.get(appender.upload_id) is appender:
                del self._busy[appender.upload_id]
                self._remember_hash(appender)
        return self.state(owner_id, appender.upload_id)

    def delete(self, owner_id: str, upload_id: str) -> None:
        """Forget an upload. The data that it became stays.

        Raises:
            NotFound: the owner has no such upload.
        """
        self._forget(self._find(owner_id, upload_id))

    def forget_all(self, owner: User) -> bool:
        """Forget all of the owner's uploads."""
        with self._database.read() as connection:
            rows = connection.execute(select(uploads).where(uploads.c.owner_id == owner.id)).all()
        for row in rows:
            self._forget(row)
        return True

    def all(self, owner: User) -> list[dict[str, Any]]:
        """What the owner has begun to upload and not finished."""
        unfinished = select(uploads).where(uploads.c.owner_id == owner.id, uploads.c.data_id.is_(None))
        with self._database.read() as connection:
            rows = connection.execute(unfinished).all()
        return [
            {"id": row.id, "name": row.name, "size": row.size_bytes, "expires_at": dates.to_text(row.expires_at)}
            for row in rows
        ]

    def expire(self) -> int:
        """Forget every upload that nobody has gone on with for too long, and files of none; returns how many."""
        with self._database.read() as connection:
            due = connection.execute(select(uploads).where(uploads.c.expires_at <= dates.now())).all()
        for row in due:
            self._forget(row)
        strays = [file.key for file in self._storage.growing.unfinished() if file.changed_at < dates.now() - _STRAY_AGE]
        for key in strays:
            if not self.keeps(key):
                self._storage.growing.forget(key)
        return len(due)

    def keeps(self, key: str) -> bool:
        """Whether an upload's record refers to the stored file ``key``."""
        with self._database.read() as connection:
            return connection.execute(select(uploads.c.id).where(uploads.c.storage_key == key)).first() is not None

    def _new_row(self, owner_id: str, announced: Announced) -> dict[str, Any]:
        told = announced.metadata
        name = clean_name(told.get("filename") or told.get("name") or "file")
        ttl = told.get("data_ttl") or None
        if ttl is not None:
            first_expiration(ttl, self._patience)
        return {
            "id": str(uuid.uuid4()),
            "owner_id": owner_id,
            "name": name,
            "media_type": clean_media_type(told.get("filetype") or told.get("type"), name),
            "size_bytes": announced.size_bytes,
            "metadata_text": announced.metadata_text,
            "data_ttl": ttl,
            "expected_sha256": announced.sha256,
            "expires_at": dates.now() + self._patience,
            "storage_key": f"{_FOLDER}/{uuid.uuid4()}",
        }

    def _move(self, first: Writer, append: Any) -> None:
        first.commit()
        for chunk in self._storage.read(first.key):
            append(chunk)
        self._storage.delete(first.key)

    def _find(self, owner_id: str, upload_id: str) -> Row[Any]:
        statement = select(uploads, data.c.sha256).outerjoin(data, data.c.id == uploads.c.data_id)
        chosen = (uploads.c.id == upload_id) & (uploads.c.owner_id == owner_id)
        with self._database.read() as connection:
            row = connection.execute(statement.where(chosen)).first()
        if row is None:
            raise NotFound(f"Upload '{upload_id}' not found; it may have expired, or belong to somebody else")
        return row

    def _appender(self, row: Row[Any], size_bytes: int, checksum: Checksum | None) -> Appender:
        if size_bytes == row.size_bytes:
            return Appender(row.id, None, row.size_bytes, None, checksum)
        hashed_bytes, sha256 = self._hashes.pop(row.id, (0, None))
        if size_bytes == 0:
            sha256 = hashlib.sha256()
        elif hashed_bytes != size_bytes:
            sha256 = None
        growth = self._storage.growing.open(row.storage_key, row.size_bytes - size_bytes)
        return Appender(row.id, growth, row.size_bytes, sha256, checksum)

    @contextmanager
    def _alone_finishing(self, upload_id: str) -> Iterator[bool]:
        with self._lock:
            present = self._busy.get(upload_id)
            alone = upload_id not in self._finishing and (present is None or present.take_away(_IDLE_SECONDS))
            if alone:
                self._finishing.add(upload_id)
        try:
            yield alone
        finally:
            if alone:
                with self._lock:
                    self._finishing.discard(upload_id)

    def _finish(self, row: Row[Any]) -> None:
        if row.data_id or self._storage.growing.size_bytes(row.storage_key) != row.size_bytes:
            return
        sha256 = self._sha256_of(row)
        if row.expected_sha256 not in {None, sha256}:
            self._forget(row)
            raise BadRequest(
                f"What came has the SHA-256 {sha256}, not {row.expected_sha256} as announced; nothing was kept. "
                "Upload it again"
            )
        self._storage.growing.finish(row.storage_key)
        file = StoredFile(row.storage_key, row.size_bytes, sha256)
        expiration = None if row.data_ttl is None else read_date(row.data_ttl)
        with self._database.write() as connection:
            kept = self._data.record(row.owner_id, row.name, row.media_type, file, expiration, is_counted=True)
            connection.execute(update(uploads).where(uploads.c.id == row.id).values(data_id=kept["id"]))

    def _remember_hash(self, appender: Appender) -> None:
        self._hashes[appender.upload_id] = (appender.size_bytes, appender.sha256)
        while len(self._hashes) > _MOST_HASHES:
            self._hashes.popitem(last=False)

    def _sha256_of(self, row: Row[Any]) -> str:
        with self._lock:
            hashed_bytes, running = self._hashes.pop(row.id, (0, None))
        if running is None or hashed_bytes != row.size_bytes:  # this process did not see all of it
            running = hashlib.sha256()
            for chunk in self._storage.growing.read(row.storage_key):
                running.update(chunk)
        text: str = running.hexdigest()
        return text

    def _forget(self, row: Row[Any]) -> None:
        with self._lock:
            present = self._busy.pop(row.id, None)
            if present is not None:
                present.take_away(0)
            self._hashes.pop(row.id, None)
        with self._database.write() as connection:
            connection.execute(delete(uploads).where(uploads.c.id == row.id))
        self._database.after_commit(partial(self._storage.growing.forget, row.storage_key))
        if not row.data_id:
            self._database.after_commit(partial(self._delete_unless_data, row.storage_key))

    def _delete_unless_data(self, key: str) -> None:
        """A file that is whole, but became no data before its upload was forgotten."""
        if not self._data.keeps(key):
            self._storage.delete(key)
