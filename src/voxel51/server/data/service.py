"""Data: taken in, listed, handed out, forgotten."""

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from voxel51.server.accounts.callers import Application, User
from voxel51.server.accounts.tables import users_of
from voxel51.server.data.lifetime import LifetimeChange, changed_expiration, first_expiration
from voxel51.server.data.names import clean_media_type, clean_name
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.data.tables import data
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.search import Listing, Query, run
from voxel51.server.errors import BadRequest, NotFound, ServiceError
from voxel51.server.outcomes import Outcomes, only
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates
from voxel51.wire.data import DataList, DataRecord

Links = Callable[[str, str], str]
"""Makes a signed link from a method and a path below the version prefix."""

LISTING = Listing(
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
_MOST_AT_ONCE = 1000
"""How much is forgotten in one transaction, so that nobody waits long for the write lock; the next one goes on."""

DEFAULT_ENCODING = "7bit"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A whole file in the storage. ``sha256`` in hexadecimal."""

    key: str
    size_bytes: int
    sha256: str


class DataService:
    """Keeps files for their owners. Every method sees only what belongs to the given owner."""

    def __init__(
        self, database: Database, storage: Storage, lifetime: timedelta, links: Links, storage_quota: StorageQuota
    ) -> None:
        self._database = database
        self._storage_quota = storage_quota
        self._storage = storage
        self._lifetime = lifetime
        self._links = links

    def add(self, owner_id: str, filename: str, media_type: str | None, writer: Writer, ttl: str | None) -> DataRecord:
        """Keep a file that was written. The file is durable before its record is, and both are before this returns.

        Raises:
            BadRequest: the name or the expiration date will not do; the file is not kept.
            OverQuota: the owner has no room for it; it is not kept.
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
        self,
        owner_id: str,
        filename: str,
        media_type: str | None,
        file: "StoredFile",
        expiration: datetime | None,
        is_counted: bool = False,
    ) -> DataRecord:
        """Make a stored file somebody's data. Where its owner has the same bytes already, they are kept once, and
        ``file`` is deleted. None expires it after the usual time. What the owner's quota ``is_counted`` for already
        needs no more room.

        Raises:
            BadRequest: the name will not do.
            OverQuota: the owner has no room for it.
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
            if row["storage_key"] == file.key and not is_counted:
                self._storage_quota.check(connection, owner_id, file.size_bytes)
            connection.execute(insert(data).values(row))
        if row["storage_key"] != file.key:
            self._database.after_commit(partial(self._storage.delete, file.key))
        return record_of(row)

    def check_storage_quota(self, owner_id: str, more_bytes: int) -> None:
        """Pass silently when the owner has room for ``more_bytes``, as far as can be told before they come.

        Raises:
            OverQuota: there is none.
        """
        with self._database.read() as connection:
            self._storage_quota.check(connection, owner_id, more_bytes, lock=False)

    def query(self, owner: User, query: Query) -> DataList:
        """The owner's data that match."""
        with self._database.read() as connection:
            rows, count = run(connection, LISTING, query, [data.c.owner_id == owner.id])
        return {"data": [_to_wire(row) for row in rows], "count": count}

    def query_of_application(self, application: Application, query: Query) -> DataList:
        """What matches of all data of all users of ``application``."""
        with self._database.read() as connection:
            rows, count = run(connection, LISTING, query, [data.c.owner_id.in_(users_of(application))])
        return {"data": [_to_wire(row) for row in rows], "count": count}

    def details(self, owner: User, data_id: str) -> DataRecord:
        """One file's record, with ``filename`` for clients that look there, and the hash of its bytes.

        Raises:
            NotFound: the owner has no such data.
        """
        return only(self.details_of_many(owner, [data_id]))

    def details_of_many(self, owner: User, data_ids: Sequence[str]) -> Outcomes[DataRecord]:
        """The record of each file; refused are those that the owner has not."""
        with self._database.read() as connection:
            found = _find(connection, owner.id, data_ids)
        return {
            data_id: _details(found[data_id]) if data_id in found else no_such_data(data_id) for data_id in data_ids
        }

    def find(self, owner_id: str, data_id: str) -> Row[Any]:
        """The row of one file.

        Raises:
            NotFound: the owner has no such data.
        """
        with self._database.read() as connection:
            row = _find(connection, owner_id, [data_id]).get(data_id)
        if row is None:
            raise no_such_data(data_id)
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

    def change_lifetime(self, owner: User, data_ids: Sequence[str], change: LifetimeChange) -> Outcomes[None]:
        """Move expiration dates; a past one deletes the data at once.

        Raises:
            BadRequest: the change itself is malformed.
        """
        changed_expiration(change, dates.now())
        outcomes: dict[str, ServiceError | None] = {}
        kept, past = [], []
        with self._database.write() as connection:
            found = _find(connection, owner.id, data_ids, lock=True)
            for data_id in data_ids:
                outcomes[data_id] = _unchangeable(data_id, found.get(data_id))
                if outcomes[data_id] is not None:
                    continue
                try:
                    moment = changed_expiration(change, found[data_id].expiration_date)
                except BadRequest as error:  # added up with what it had, it leads beyond the calendar
                    outcomes[data_id] = error
                    continue
                if moment <= dates.now():
                    past.append(found[data_id])
                else:
                    kept.append({"data_id": data_id, "moment": moment})
            if kept:
                statement = update(data).where(data.c.id == bindparam("data_id"))
                connection.execute(statement.values(expiration_date=bindparam("moment")), kept)
            self._forget(connection, past)
        return outcomes

    def delete(self, owner: User, data_ids: Sequence[str]) -> Outcomes[None]:
        """Forget data at once. Refused are those that the owner has not."""
        with self._database.write() as connection:
            found = _find(connection, owner.id, data_ids, lock=True)
            self._forget(connection, found.values())
        return {data_id: None if data_id in found else no_such_data(data_id) for data_id in data_ids}

    def expire(self) -> int:
        """Forget every file whose time has come; returns how many."""
        with self._database.write() as connection:
            due = connection.execute(select(data).where(data.c.expiration_date <= dates.now()).limit(_MOST_AT_ONCE))
            rows = due.all()
            self._forget(connection, rows)
        return len(rows)

    def export(self, owner: User) -> list[dict[str, Any]]:
        """The record of everything that the owner has, each with a signed link to its bytes."""
        with self._database.read() as connection:
            theirs = select(data).where(data.c.owner_id == owner.id).order_by(data.c.upload_date, data.c.id)
            rows = connection.execute(theirs).all()
        return [{**_details(row), "download_url": self._links("GET", f"/links/data/{row.id}")} for row in rows]

    def forget_all(self, owner: User) -> bool:
        """Forget everything that the owner has."""
        theirs = select(data).where(data.c.owner_id == owner.id).limit(_MOST_AT_ONCE)
        while True:
            with self._database.write() as connection:
                rows = connection.execute(theirs).all()
                self._forget(connection, rows)
            if not rows:
                return True

    def _forget(self, connection: Connection, rows: Collection[Row[Any]]) -> None:
        """Delete rows, and after them the bytes that no other row refers to."""
        keys = {row.storage_key for row in rows} - {None}  # what is kept elsewhere has none
        of_keys = data.c.storage_key.in_(keys)
        _take_turn(connection, rows)
        connection.execute(delete(data).where(data.c.id.in_([row.id for row in rows])))
        keys.difference_update(connection.execute(select(data.c.storage_key).where(of_keys)).scalars())
        for key in keys:
            self._database.after_commit(partial(self._storage.delete, key))

    def keeps(self, key: str) -> bool:
        """Whether a record refers to the stored file ``key``."""
        with self._database.read() as connection:
            return connection.execute(select(data.c.id).where(data.c.storage_key == key)).first() is not None


def no_such_data(data_id: str) -> NotFound:
    """The refusal of an id that is nobody's, or somebody else's."""
    return NotFound(f"Data '{data_id}' not found; it may have expired, or belong to somebody else")


def _unchangeable(data_id: str, row: Row[Any] | None) -> ServiceError | None:
    """Why the expiration date of ``row`` cannot be moved; None where it can."""
    if row is None:
        return no_such_data(data_id)
    if row.source_url is not None:
        return BadRequest(f"Data '{data_id}' was posted as a URL, so its expiration date is fixed; post it again")
    return None


def _find(connection: Connection, owner_id: str, data_ids: Sequence[str], *, lock: bool = False) -> dict[str, Row[Any]]:
    statement = select(data).where(data.c.id.in_(data_ids), data.c.owner_id == owner_id)
    rows = connection.execute(statement).all()
    if lock:
        _take_turn(connection, rows)
        rows = connection.execute(statement).all()
    return {row.id: row for row in rows}


def _take_turn(connection: Connection, rows: Iterable[Any]) -> None:
    """Nobody else adds or deletes the same bytes of the same owners until this transaction ends."""
    acquire_advisory_locks(connection, *(f"bytes {row.owner_id} {row.sha256}" for row in rows))


def _details(row: Row[Any]) -> DataRecord:
    return {**record_of(row._mapping), "filename": row.name, "sha256": row.sha256}


def _key_of_same(connection: Connection, row: Mapping[str, Any]) -> str | None:
    """Key of the same bytes of the same owner. Nobody deletes them before this transaction ends."""
    acquire_advisory_locks(connection, f"bytes {row['owner_id']} {row['sha256']}")
    same = [data.c[name] == row[name] for name in ("owner_id", "sha256", "size_bytes")]
    statement = select(data.c.storage_key).where(*same).order_by(data.c.id).limit(1)
    key: str | None = connection.execute(statement).scalar()
    return key


def record_of(row: Mapping[Any, Any]) -> DataRecord:
    """A row as clients see it: exactly the fields of the list, which old clients tabulate in their order."""
    return _to_wire({field: row[column.name] for field, column in LISTING.columns.items()})


def _to_wire(record: dict[str, Any]) -> DataRecord:
    for field in ("upload_date", "expiration_date"):
        if field in record:
            record[field] = dates.to_text(record[field])
    return record  # type: ignore[return-value]  # its keys are those of LISTING
