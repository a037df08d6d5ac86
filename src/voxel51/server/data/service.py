"""Data: store uploaded files with their records, list them, hand them out, and delete them when they expire."""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from voxel51.server.accounts.callers import Application, User
from voxel51.server.accounts.tables import application_of
from voxel51.server.data.contents import StoredContent, best_match, lock_contents, rows_with_content
from voxel51.server.data.labelling import labelling_of
from voxel51.server.data.lifetime import LifetimeChange, changed_expiration, first_expiration
from voxel51.server.data.matching import Matches
from voxel51.server.data.names import clean_media_type, clean_name
from voxel51.server.data.records import (
    DEFAULT_ENCODING,
    DataLists,
    details_of,
    no_such_data,
    record_of,
    stored_download,
    why_unchangeable,
)
from voxel51.server.data.shared_files import share
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.database.prepared_query import PreparedQuery
from voxel51.server.database.search import Holder, Query, Term
from voxel51.server.database.types import DatabaseRow
from voxel51.server.downloads import Links
from voxel51.server.errors import BadRequest, DatabaseAway, Lost, NotFound, ServiceError
from voxel51.server.outcomes import Outcomes
from voxel51.server.storage.integrity import intact_size_bytes
from voxel51.server.storage.storage import Storage, Writer
from voxel51.server.usage.entries import record_bytes
from voxel51.wire import dates
from voxel51.wire.data import DataList, DataRecord

OnAdded = Callable[[Connection, str, DataRecord], None]
"""Is called with the id of the owner and the record of new data, in the transaction that records it."""

_DATA = PreparedQuery(select(data).where(data.c.id == bindparam("data_id"), data.c.owner_id == bindparam("owner_id")))
_BATCH_SIZE = 1000
"""Largest number of records deleted in one transaction, so that other writers wait only briefly for the write lock."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A complete file in the storage. ``sha256`` in hexadecimal; None until it is computed."""

    key: str
    size_bytes: int
    sha256: str | None

    @property
    def content(self) -> StoredContent | None:
        """Return what identifies the bytes, where that is known."""
        return None if self.sha256 is None else StoredContent(self.size_bytes, self.sha256)


@dataclass(frozen=True, slots=True)
class AddedData:
    """The record of an uploaded file, and whether it is new or was reused."""

    record: DataRecord
    is_new: bool


class DataService:
    """Stores files for their owners. Every method sees only the data of the given owner.

    Files of one owner with the same bytes are stored once: their records share a storage key. ``lists`` is what lists
    of data can show and search.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        lifetime: timedelta,
        links: Links,
        storage_quota: StorageQuota,
        allows_expiry: Callable[[], bool],
        lists: DataLists | None = None,
    ) -> None:
        self.lists = lists or DataLists()
        self._database = database
        self._storage_quota = storage_quota
        self._storage = storage
        self._lifetime = lifetime
        self._links = links
        self._allows_expiry = allows_expiry
        self._on_added: list[OnAdded] = []

    def on_added(self, act: OnAdded) -> None:
        """Call ``act`` for each file that is recorded as new data, from now on."""
        self._on_added.append(act)

    def announce(self, connection: Connection, owner_id: str, record: DataRecord) -> None:
        """Call what `on_added` was given, for data that another service recorded."""
        for act in self._on_added:
            act(connection, owner_id, record)

    def add(
        self,
        owner_id: str,
        filename: str,
        media_type: str | None,
        writer: Writer,
        ttl: str | None,
        *,
        reuse: bool = False,
    ) -> AddedData:
        """Commit a written file and record it; with ``reuse`` as `record` does. When this returns, both are durable.

        Raises:
            BadRequest: the name or the expiration date is invalid; the file is not kept.
            OverQuota: the file exceeds the owner's quota; it is not kept.
        """
        clean_name(filename)  # fails early, before the file is synced to disk
        expiration = first_expiration(ttl, self._lifetime)
        # File before record: a crash in between leaves a file without a record, which the sweeper deletes. The other
        # order could leave a record without its file.
        writer.commit()
        try:
            file = StoredFile(writer.key, writer.size_bytes, writer.sha256)
            return self.record(owner_id, filename, media_type, file, expiration, reuse=reuse)
        except DatabaseAway:
            raise  # the record may name the file
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
        *,
        is_counted: bool = False,
        reuse: bool = False,
    ) -> AddedData:
        """Record a stored file as the owner's data.

        If the owner has the same bytes already, the record shares their storage key, and ``file``, whose hash was
        computed just now, replaces the file of that key. So earlier records are repaired if their file was missing or
        damaged, and no accepted bytes are lost. An ``expiration`` of None means the default lifetime. ``is_counted``:
        the owner's quota already includes the file. With ``reuse`` no record is created if there is one of the same
        bytes; that one does not expire before ``expiration``.

        Raises:
            BadRequest: the name is invalid.
            OverQuota: the file exceeds the owner's quota.
        """
        name = clean_name(filename)
        expiration = expiration or first_expiration(None, self._lifetime)
        row: dict[str, object] = {
            "id": str(uuid.uuid4()),
            "owner_id": owner_id,
            "name": name,
            "size_bytes": file.size_bytes,
            "media_type": clean_media_type(media_type, name),
            "encoding": DEFAULT_ENCODING,
            "upload_date": dates.now(),
            "expiration_date": expiration,
            "sha256": file.sha256,
        }
        with self._database.write() as connection:
            content = file.content
            same = () if content is None else rows_with_content(connection, owner_id, content, lock=True)
            key = share(self._storage, sorted({each.storage_key for each in same}), file.key)
            if key == file.key and not is_counted:
                self._storage_quota.check(connection, owner_id, file.size_bytes)
            if reuse and same:
                record = extend(connection, best_match(same, name), expiration, key)
            else:
                further = {"storage_key": key, "application_id": application_of(owner_id)}
                connection.execute(insert(data).values({**row, **further}))
                record = record_of(row)
                self.announce(connection, owner_id, record)
            self._record_usage(connection, owner_id, file, {each.storage_key for each in same})
        if key != file.key:
            self._database.after_commit(partial(self._storage.delete, file.key))
        return AddedData(record, is_new=record["id"] == row["id"])

    def _record_usage(self, connection: Connection, owner_id: str, file: StoredFile, before: set[str]) -> None:
        """Record how many more bytes the owner stores, after a change of the files (``before``) of one content."""
        after = {file.key}
        if file.content is not None:
            after = {each.storage_key for each in rows_with_content(connection, owner_id, file.content)}
        record_bytes(connection, [(owner_id, (len(after) - len(before)) * file.size_bytes)])

    def check_storage_quota(self, owner_id: str, more_bytes: int) -> None:
        """Raise `OverQuota` if ``more_bytes`` would exceed the owner's quota, as far as is known before an upload.

        Raises:
            OverQuota: they would.
        """
        with self._database.read() as connection:
            self._storage_quota.check(connection, owner_id, more_bytes, lock=False)

    def query(self, owner: User, query: Query) -> DataList:
        """Return the owner's data that match ``query``."""
        with self._database.read() as connection:
            return self.lists.page(connection, query, _of(owner))

    def matches(self, owner: User, search: Sequence[Term]) -> Matches:
        """Return the owner's data that match ``search``, to be changed in parts."""
        return Matches(lambda connection, query: self.lists.page(connection, query, _of(owner)), search)

    def query_of_application(self, application: Application, query: Query) -> DataList:
        """Return the data of all users of ``application`` that match ``query``."""
        with self._database.read() as connection:
            return self.lists.page(connection, query, Holder(data.c.application_id, application.id))

    def found(self, connection: Connection, owner: User, terms: Sequence[Term], limit: int) -> list[str]:
        """Return the ids of the data of ``owner`` that match all terms of a search, up to a number.

        Raises:
            BadRequest: a term is invalid.
        """
        query = Query(fields=("id",), search=tuple(terms), limit=limit)
        page = self.lists.page(connection, query, _of(owner))
        return [record["id"] for record in page["data"]]

    def details(self, owner: User, data_id: str) -> DataRecord:
        """Return one file's record with its SHA-256; also with ``filename``, where some clients expect the name.

        Raises:
            NotFound: the owner has no such data.
        """
        with self._database.read() as connection:
            found = _DATA.first(connection, data_id=data_id, owner_id=owner.id)
        if found is None:
            raise no_such_data(data_id)
        return details_of(found)

    def details_at_once(self, owner: User, data_id: str) -> DataRecord | None:
        """Return what `details` returns, for a call in the event loop, or None if the owner has no such data."""
        with self._database.read_at_once() as connection:
            found = _DATA.first(connection, data_id=data_id, owner_id=owner.id)
        return None if found is None else details_of(found)

    def details_of_many(self, owner: User, data_ids: Sequence[str]) -> Outcomes[DataRecord]:
        """Return the record of each file, or `NotFound` for an id that the owner does not have."""
        with self._database.read() as connection:
            found = _find(connection, owner.id, data_ids)
        return {
            data_id: details_of(found[data_id]._mapping) if data_id in found else no_such_data(data_id)
            for data_id in data_ids
        }

    def find(self, owner_id: str, data_id: str) -> DatabaseRow:
        """Return the row of one file.

        Raises:
            NotFound: the owner has no such data.
        """
        with self._database.read() as connection:
            row = _find(connection, owner_id, [data_id]).get(data_id)
        if row is None:
            raise no_such_data(data_id)
        return row

    def check_intact(self, row: DatabaseRow) -> None:
        """Raise an error if the stored file of ``row`` is missing or damaged; data by URL has none.

        Raises:
            Lost: it is.
            NotFound: the data was deleted meanwhile, and the file with it.
        """
        if row.storage_key is None:
            return
        try:
            intact_size_bytes(stored_download(row), self._storage)
        except Lost:
            self.by_id(row.id)
            raise

    def by_id(self, data_id: str) -> DatabaseRow:
        """Return the row of one file, of any owner: the caller holds a signed link to it.

        Raises:
            NotFound: it was deleted.
        """
        with self._database.read() as connection:
            row = connection.execute(select(data).where(data.c.id == data_id)).first()
        if row is None:
            raise NotFound(f"Data '{data_id}' not found; it was deleted or has expired")
        return row

    def download_url(self, owner: User, data_id: str) -> str:
        """Return a signed link to the bytes.

        Raises:
            NotFound: the owner has no such data.
        """
        self.find(owner.id, data_id)
        return self._links("GET", f"/links/data/{data_id}")

    def change_lifetime(self, owner: User, data_ids: Sequence[str], change: LifetimeChange) -> Outcomes[None]:
        """Change expiration dates. A date in the past deletes the data at once, unless the clock is in doubt.

        Raises:
            BadRequest: ``change`` is malformed.
        """
        changed_expiration(change, dates.now())
        may_delete = self._allows_expiry()
        outcomes: dict[str, ServiceError | None] = {}
        moved, expired = [], []
        with self._database.write(frees_space=True) as connection:
            found = _find(connection, owner.id, data_ids, lock=True)
            for data_id in data_ids:
                outcomes[data_id] = why_unchangeable(data_id, found.get(data_id))
                if outcomes[data_id] is not None:
                    continue
                try:
                    moment = changed_expiration(change, found[data_id].expiration_date)
                except BadRequest as error:  # the days are valid, but added to this date they exceed the calendar
                    outcomes[data_id] = error
                    continue
                if moment <= dates.now() and may_delete:
                    expired.append(found[data_id])
                else:
                    moved.append({"data_id": data_id, "moment": moment})
            if moved:
                statement = update(data).where(data.c.id == bindparam("data_id"))
                connection.execute(statement.values(expiration_date=bindparam("moment")), moved)
            self._delete_rows(connection, expired)
        return outcomes

    def delete(self, owner: User, data_ids: Sequence[str]) -> Outcomes[None]:
        """Delete data at once; the outcome is `NotFound` for an id that the owner does not have."""
        with self._database.write(frees_space=True) as connection:
            found = _find(connection, owner.id, data_ids, lock=True)
            self._delete_rows(connection, found.values())
        return {data_id: None if data_id in found else no_such_data(data_id) for data_id in data_ids}

    def expire(self) -> int:
        """Delete expired files, at most `_BATCH_SIZE`; return how many."""
        with self._database.write(frees_space=True) as connection:
            due = connection.execute(select(data).where(data.c.expiration_date <= dates.now()).limit(_BATCH_SIZE))
            rows = due.all()
            self._delete_rows(connection, rows)
        return len(rows)

    def export(self, owner: User) -> list[dict[str, object]]:
        """Return the records of the owner's data, each with its tags, metadata and a signed link to its bytes."""
        with self._database.read() as connection:
            owned = select(data).where(data.c.owner_id == owner.id).order_by(data.c.upload_date, data.c.id)
            rows = connection.execute(owned).all()
            labelling = labelling_of(connection, [row.id for row in rows])
        link = self._links
        return [
            {**details_of(row._mapping), **labelling[row.id], "download_url": link("GET", f"/links/data/{row.id}")}
            for row in rows
        ]

    def delete_all(self, owner: User) -> bool:
        """Delete all of the owner's data; return True: none is left."""
        owned = select(data).where(data.c.owner_id == owner.id).limit(_BATCH_SIZE)
        while True:
            with self._database.write(frees_space=True) as connection:
                rows = connection.execute(owned).all()
                self._delete_rows(connection, rows)
            if not rows:
                return True

    def _delete_rows(self, connection: Connection, rows: Collection[DatabaseRow]) -> None:
        """Delete rows, and after the commit the files that no other row refers to."""
        keys = {row.storage_key for row in rows} - {None}  # data by URL has no stored file
        with_same_keys = data.c.storage_key.in_(keys)
        # Without the lock, a concurrent upload of the same bytes could share a file that is about to be deleted.
        lock_contents(connection, rows)
        connection.execute(delete(data).where(data.c.id.in_([row.id for row in rows])))
        keys.difference_update(connection.execute(select(data.c.storage_key).where(with_same_keys)).scalars())
        gone = {row.storage_key: (row.owner_id, -row.size_bytes) for row in rows if row.storage_key in keys}
        record_bytes(connection, gone.values())
        for key in keys:
            self._database.after_commit(partial(self._storage.delete, key))

    def references(self, key: str) -> bool:
        """Return whether a record refers to the stored file ``key``."""
        with self._database.read() as connection:
            return connection.execute(select(data.c.id).where(data.c.storage_key == key)).first() is not None


def _find(
    connection: Connection, owner_id: str, data_ids: Sequence[str], *, lock: bool = False
) -> dict[str, DatabaseRow]:
    statement = select(data).where(data.c.id.in_(data_ids), data.c.owner_id == owner_id)
    rows = connection.execute(statement).all()
    if lock:
        # The names of the locks come from the rows, which may have changed while waiting: read them again.
        lock_contents(connection, rows)
        rows = connection.execute(statement).all()
    return {row.id: row for row in rows}


def _of(owner: User) -> Holder:
    return Holder(data.c.owner_id, owner.id)


def extend(connection: Connection, row: DatabaseRow, expiration: datetime, storage_key: str) -> DataRecord:
    """Let a record expire at ``expiration`` or later, and refer to ``storage_key``; return it."""
    values = {"expiration_date": max(row.expiration_date, expiration), "storage_key": storage_key}
    connection.execute(update(data).where(data.c.id == row.id).values(values))
    return record_of({**row._mapping, **values})
