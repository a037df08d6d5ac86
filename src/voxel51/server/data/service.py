"""Data: taken in, listed, handed out, forgotten."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from voxel51.server.accounts.callers import Application, User
from voxel51.server.accounts.tables import users_of
from voxel51.server.data.lifetime import LifetimeChange, changed_expiration, first_expiration
from voxel51.server.data.names import clean_media_type, clean_name
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.database.search import Listing, Query, run
from voxel51.server.errors import NotFound
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates
from voxel51.wire.data import Data, DataList

Links = Callable[[str, str], str]
"""Makes a signed link from a method and a path below the version prefix."""

_LISTING = Listing(
    columns={
        "id": data.c.id,
        "name": data.c.name,
        "size": data.c.size_bytes,
        "type": data.c.media_type,
        "upload_date": data.c.upload_date,
        "expiration_date": data.c.expiration_date,
        "encoding": data.c.encoding,
    },
    texts=frozenset({"id", "name", "type"}),
    flags=frozenset(),
    identity=data.c.id,
)
DEFAULT_ENCODING = "7bit"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A whole file in the storage. ``sha256`` in hexadecimal."""

    key: str
    size_bytes: int
    sha256: str


class DataService:
    """Keeps files for their owners. Every method sees only what belongs to the given owner."""

    def __init__(self, database: Database, storage: Storage, lifetime: timedelta, links: Links) -> None:
        self._database = database
        self._storage = storage
        self._lifetime = lifetime
        self._links = links

    def add(self, owner_id: str, filename: str, media_type: str | None, writer: Writer, ttl: str | None) -> Data:
        """Keep a file that was written. The file is durable before its record is, and both are before this returns.

        Raises:
            BadRequest: the name or the expiration date will not do; the file is not kept.
        """
        clean_name(filename)  # before the disk is troubled
        expiration = first_expiration(ttl, self._lifetime)
        writer.commit()
        try:
            file = StoredFile(writer.key, writer.size_bytes, writer.sha256)
            return self.record(owner_id, filename, media_type, file, expiration)
        except BaseException:
            self._storage.delete(writer.key)
            raise

    def record(
        self, owner_id: str, filename: str, media_type: str | None, file: "StoredFile", expiration: datetime | None
    ) -> Data:
        """Make a stored file somebody's data. Where its owner has the same bytes already, they are kept once, and
        ``file`` is deleted. None expires it after the usual time.

        Raises:
            BadRequest: the name will not do.
        """
        name = clean_name(filename)
        row: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "owner_id": owner_id,
            "name": name,
            "size_bytes": file.size_bytes,
            "media_type": clean_media_type(media_type, name),
            "encoding": DEFAULT_ENCODING,
            "upload_date": dates.now(),
            "expiration_date": expiration or first_expiration(None, self._lifetime),
            "sha256": file.sha256,
        }
        with self._database.write() as connection:
            row["storage_key"] = _key_of_same(connection, row) or file.key
            connection.execute(insert(data).values(row))
        if row["storage_key"] != file.key:
            self._database.after_commit(partial(self._storage.delete, file.key))
        return _to_wire({field: row[column.name] for field, column in _LISTING.columns.items()})

    def query(self, owner: User, query: Query) -> DataList:
        """The owner's data that match."""
        with self._database.read() as connection:
            rows, count = run(connection, _LISTING, query, [data.c.owner_id == owner.id])
        return {"data": [_to_wire(row) for row in rows], "count": count}

    def query_of_application(self, application: Application, query: Query) -> DataList:
        """What matches of all data of all users of ``application``."""
        with self._database.read() as connection:
            rows, count = run(connection, _LISTING, query, [data.c.owner_id.in_(users_of(application))])
        return {"data": [_to_wire(row) for row in rows], "count": count}

    def details(self, owner: User, data_id: str) -> Data:
        """One file's record, with ``filename`` for clients that look there, and the hash of its bytes.

        Raises:
            NotFound: the owner has no such data.
        """
        row = self.find(owner.id, data_id)
        record = {field: getattr(row, column.name) for field, column in _LISTING.columns.items()}
        return {**_to_wire(record), "filename": row.name, "sha256": row.sha256}

    def find(self, owner_id: str, data_id: str) -> Row[Any]:
        """The row of one file.

        Raises:
            NotFound: the owner has no such data.
        """
        chosen = (data.c.id == data_id) & (data.c.owner_id == owner_id)
        with self._database.read() as connection:
            row = connection.execute(select(data).where(chosen)).first()
        if row is None:
            raise NotFound(f"Data '{data_id}' not found; it may have expired, or belong to somebody else")
        return row

    def by_id(self, data_id: str) -> Row[Any]:
        """The row of one file, for whoever holds a signed link to it.

        Raises:
            NotFound: it is gone.
        """
        with self._database.read() as connection:
            row = connection.execute(select(data).where(data.c.id == data_id)).first()
        if row is None:
            raise NotFound(f"Data '{data_id}' not found; it was deleted or has expired")
        return row

    def download_url(self, owner: User, data_id: str) -> str:
        """A signed link to the bytes.

        Raises:
            NotFound: the owner has no such data.
        """
        self.find(owner.id, data_id)
        return self._links("GET", f"/links/data/{data_id}")

    def change_lifetime(self, owner: User, data_id: str, change: LifetimeChange) -> None:
        """Move the expiration date; a past one deletes the data at once.

        Raises:
            NotFound: the owner has no such data.
            BadRequest: the change is malformed.
        """
        row = self.find(owner.id, data_id)
        expiration = changed_expiration(change, row.expiration_date)
        if expiration <= dates.now():
            self.delete(owner, data_id)
            return
        with self._database.write() as connection:
            connection.execute(update(data).where(data.c.id == data_id).values(expiration_date=expiration))

    def delete(self, owner: User, data_id: str) -> None:
        """Forget a file.

        Raises:
            NotFound: the owner has no such data.
        """
        row = self.find(owner.id, data_id)
        with self._database.write() as connection:
            unneeded = _forget(connection, row.id, row.storage_key)
        self._delete(unneeded)

    def expire(self) -> int:
        """Forget every file whose time has come; returns how many."""
        with self._database.write() as connection:
            due = connection.execute(select(data.c.id, data.c.storage_key).where(data.c.expiration_date <= dates.now()))
            rows = due.all()
            unneeded = [key for row in rows for key in _forget(connection, row.id, row.storage_key)]
        self._delete(unneeded)
        return len(rows)

    def _delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._database.after_commit(partial(self._storage.delete, key))

    def keeps(self, key: str) -> bool:
        """Whether a record refers to the stored file ``key``."""
        with self._database.read() as connection:
            return connection.execute(select(data.c.id).where(data.c.storage_key == key)).first() is not None


def _key_of_same(connection: Connection, row: Mapping[str, Any]) -> str | None:
    """Key of the same bytes of the same owner. Their row is locked: it is not deleted before this transaction ends."""
    same = [data.c[name] == row[name] for name in ("owner_id", "sha256", "size_bytes")]
    statement = select(data.c.storage_key).where(*same).order_by(data.c.id).limit(1).with_for_update()
    key: str | None = connection.execute(statement).scalar()
    return key


def _forget(connection: Connection, data_id: str, key: str) -> list[str]:
    """Delete one row; returns its key unless another row refers to it.

    All rows of the key are locked first, in order: of two that are deleted at once, the second sees the first gone.
    """
    of_key = data.c.storage_key == key
    connection.execute(select(data.c.id).where(of_key).order_by(data.c.id).with_for_update()).all()
    connection.execute(delete(data).where(data.c.id == data_id))
    return [] if connection.execute(select(data.c.id).where(of_key).limit(1)).first() else [key]


def _to_wire(record: dict[str, Any]) -> Data:
    for field in ("upload_date", "expiration_date"):
        if field in record:
            record[field] = dates.to_text(record[field])
    return record  # type: ignore[return-value]  # its keys are those of _LISTING
