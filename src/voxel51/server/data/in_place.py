"""Data in place: register the files of a source as data of a user, and read them where they are.

Operators add and remove sources; a thread lists their files regularly. The files are never written or deleted: deleting
the data only keeps the file from being listed.
"""

import hashlib
import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from sqlalchemy import Connection, delete, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import application_of
from voxel51.server.background_thread import BackgroundThread
from voxel51.server.data.names import clean_media_type, clean_name
from voxel51.server.data.records import DEFAULT_ENCODING, record_of
from voxel51.server.data.tables import data, source_files, sources
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.downloads import Download
from voxel51.server.encryption import Cipher
from voxel51.server.errors import BadRequest, NotFound, ServiceError, SourceRefused
from voxel51.server.storage.in_place import Source, SourceFile
from voxel51.server.storage.storage import Reader
from voxel51.wire import dates
from voxel51.wire.data import DataRecord, DataSources

log = logging.getLogger(__name__)

IN_PLACE = "in place"
"""Takes the place of the URL of data by URL, encrypted like one."""

_LIFETIME = timedelta(days=36525)
"""The platform stores nothing of such data, so they do not expire."""

_FILES_PER_TRANSACTION = 200
_INTERVAL_SECONDS = 10.0

OpenSource = Callable[[str], Source]
"""Returns the source at a location; raises BadRequest if it is not in an allowed place."""


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source for operators. ``scanned_at`` is when its files were listed last, ``problem`` why that failed."""

    id: str
    owner_id: str
    location: str
    scanned_at: str | None
    problem: str | None


class InPlaceService:
    """Sources and their files. ``on_added`` is called in the transaction that records data, as `DataService` does."""

    def __init__(
        self,
        database: Database,
        open_source: OpenSource,
        cipher: Cipher,
        on_added: Callable[[Connection, str, DataRecord], None] = lambda _connection, _owner_id, _record: None,
    ) -> None:
        self._database = database
        self._open_source = open_source
        self._cipher = cipher
        self._on_added = on_added

    def add(self, owner_id: str, location: str) -> str:
        """Record a source and return its id; its files become data at the next scan.

        Raises:
            BadRequest: the location is not in an allowed place, or is recorded for this owner already.
            SourceAway: the source cannot be read.
        """
        location = location.rstrip("/")
        if next(islice(self._open_source(location).files(), 1), None) is None:
            log.info("the source %s has no files yet", location)
        source_id = str(uuid.uuid4())
        with self._database.write() as connection:
            same = (sources.c.owner_id == owner_id) & (sources.c.location == location)
            if connection.execute(select(sources.c.id).where(same)).first() is not None:
                raise BadRequest(f"{location} is a source of this user already")
            row = {"id": source_id, "owner_id": owner_id, "location": location, "created_at": dates.now()}
            connection.execute(insert(sources).values(row))
        return source_id

    def all(self) -> list[KnownSource]:
        """Return all sources, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(sources).order_by(sources.c.created_at, sources.c.id)).all()
        return [
            KnownSource(
                row.id,
                row.owner_id,
                row.location,
                None if row.scanned_at is None else dates.to_text(row.scanned_at),
                row.problem,
            )
            for row in rows
        ]

    def of_owner(self, owner: User) -> DataSources:
        """Return the sources of a user, the oldest first."""
        chosen = select(sources).where(sources.c.owner_id == owner.id).order_by(sources.c.created_at, sources.c.id)
        with self._database.read() as connection:
            rows = connection.execute(chosen).all()
        return {
            "sources": [
                {
                    "id": row.id,
                    "location": row.location,
                    "created_date": dates.to_text(row.created_at),
                    "scanned_date": None if row.scanned_at is None else dates.to_text(row.scanned_at),
                }
                for row in rows
            ]
        }

    def remove(self, source_id: str) -> int:
        """Forget a source and delete the records of its files, which stay where they are; return the number of records.

        Raises:
            NotFound: no source has this id.
        """
        of_source = select(source_files.c.data_id).where(source_files.c.source_id == source_id)
        with self._database.write() as connection:
            deleted = connection.execute(delete(data).where(data.c.id.in_(of_source))).rowcount
            connection.execute(delete(source_files).where(source_files.c.source_id == source_id))
            if not connection.execute(delete(sources).where(sources.c.id == source_id)).rowcount:
                raise NotFound(f"No source has the id '{source_id}'; voxel51 server source list shows them")
        return deleted

    def delete_all(self, owner: User) -> bool:
        """Forget all sources of the owner; returns True, since nothing can be left over."""
        with self._database.read() as connection:
            ids = connection.execute(select(sources.c.id).where(sources.c.owner_id == owner.id)).scalars().all()
        for source_id in ids:
            self.remove(source_id)
        return True

    def scan(self) -> int:
        """Register the new files of all sources; return how many there were."""
        with self._database.read() as connection:
            rows = connection.execute(select(sources)).all()
        return sum(self._scan(row) for row in rows)

    def download(self, row: DatabaseRow) -> Download:
        """Return the content of the data ``row``.

        Raises:
            SourceRefused: its source was removed, or is in a place that is not allowed any more.
        """
        columns = (source_files.c.path, source_files.c.state, sources.c.location)
        joined = select(*columns).join(sources, sources.c.id == source_files.c.source_id)
        with self._database.read() as connection:
            found = connection.execute(joined.where(source_files.c.data_id == row.id)).first()
        if found is None:
            raise SourceRefused(f"The source of '{row.name}' was removed")
        try:
            source = self._open_source(found.location)
        except BadRequest as error:
            raise SourceRefused(f"The source of '{row.name}' may not be read any more: {error}") from None
        file = SourceFile(found.path, row.size_bytes, found.state)
        # The last part is the validator (ETag) of the file.
        key = f"in-place/{_hash_of(file)[:32]}"
        return Download(key, row.name, row.media_type, None, row.size_bytes, _InPlaceFile(source, file))

    def _scan(self, row: DatabaseRow) -> int:
        added, problem = 0, None
        try:
            files = self._open_source(row.location).files()
            while batch := [*islice(files, _FILES_PER_TRANSACTION)]:
                added += self._register(row, batch)
        except (ServiceError, OSError) as error:
            problem = str(error)[:500]
            log.warning("the source %s cannot be listed: %s", row.location, problem)
        with self._database.write(durable=False) as connection:
            values = {"scanned_at": dates.now(), "problem": problem}
            connection.execute(update(sources).where(sources.c.id == row.id).values(values))
        return added

    def _register(self, source: DatabaseRow, files: Sequence[SourceFile]) -> int:
        hashes = {_hash_of(file): file for file in files}
        known = (source_files.c.source_id == source.id) & source_files.c.path_hash.in_(hashes)
        with self._database.read() as connection:
            present = {*connection.execute(select(source_files.c.path_hash).where(known)).scalars()}
        missing = {each: file for each, file in hashes.items() if each not in present}
        if not missing:
            return 0
        with self._database.write() as connection:
            if connection.execute(select(sources.c.id).where(sources.c.id == source.id)).first() is None:
                return 0  # removed meanwhile
            return sum(self._insert(connection, source, path_hash, file) for path_hash, file in missing.items())

    def _insert(self, connection: Connection, source: DatabaseRow, path_hash: str, file: SourceFile) -> bool:
        """Record a file as data; return False if its name cannot be that of data."""
        try:
            name, now = clean_name(file.path.rpartition("/")[2]), dates.now()
        except BadRequest as error:
            log.warning("a file of the source %s cannot be data: %s", source.location, error)
            return False
        row: dict[str, object] = {
            "id": str(uuid.uuid4()),
            "owner_id": source.owner_id,
            "name": name,
            "size_bytes": file.size_bytes,
            "media_type": clean_media_type(None, name),
            "encoding": DEFAULT_ENCODING,
            "upload_date": now,
            "expiration_date": now + _LIFETIME,
        }
        further = {"source_url": self._cipher.encrypt(IN_PLACE), "application_id": application_of(source.owner_id)}
        connection.execute(insert(data).values({**row, **further}))
        described = {"path": file.path, "state": file.state, "data_id": row["id"]}
        connection.execute(insert(source_files).values(source_id=source.id, path_hash=path_hash, **described))
        self._on_added(connection, source.owner_id, record_of(row))
        return True


class _InPlaceFile:
    """One file, read like those of the storage. Implements `voxel51.server.downloads.StoredFiles`."""

    direct = None

    def __init__(self, source: Source, file: SourceFile) -> None:
        self._source = source
        self._file = file

    def size_bytes(self, _key: str) -> int:
        """Return the size, if the file is still as it was registered; raise SourceRefused otherwise."""
        self._source.read(self._file, 0, 1).close()
        return self._file.size_bytes

    def read(self, _key: str, start: int = 0, length: int | None = None) -> Reader:
        """Return a reader."""
        return self._source.read(self._file, start, length)


class SourceScanner(BackgroundThread):
    """Background thread that looks for new files, in the process of which ``leads`` says that it does so for all."""

    def __init__(self, in_place: InPlaceService, leads: Callable[[], bool]) -> None:
        super().__init__("sources", "the scan of sources", _INTERVAL_SECONDS)
        self._in_place = in_place
        self._leads = leads

    def _run_pass(self, *, is_woken: bool) -> None:  # noqa: ARG002  (sources change without a word)
        if self._leads():
            self._in_place.scan()


def _hash_of(file: SourceFile) -> str:
    return hashlib.sha256(f"{file.path}\0{file.state}".encode()).hexdigest()
