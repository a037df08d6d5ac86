"""Data in place: register the folders and buckets whose files are data of a user, and read the files where they are.

Operators register sources in the locations that the settings allow them, users in those that the settings allow users.
`source_scan.py` lists the files regularly. They are never written or deleted: deleting the data only keeps the file
from being listed.
"""

import hashlib
import logging
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, delete, func, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import applications, users
from voxel51.server.data.tables import data, source_files, sources
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, Conflict, Forbidden, NotFound, OverQuota, SourceAway, SourceRefused
from voxel51.server.source_locations import SourceLocations
from voxel51.server.storage.in_place import LeftOut, Source, SourceFile
from voxel51.server.storage.storage import Reader
from voxel51.wire import dates

log = logging.getLogger(__name__)

IN_PLACE = "in place"
"""Takes the place of the URL of data by URL, encrypted like one."""

_MAX_LOCATION = 2000
_REMOVED_PER_TRANSACTION = 1000
_HIDDEN_PART = re.compile(r"(^|/)\.")

OpenSource = Callable[[str, Sequence[str]], Source]
"""Returns the source at a location; raises BadRequest if it is not below one of those that are allowed."""

OnRegistered = Callable[[Connection, str], object]
"""Is called with the id of a new source, in the transaction that records it."""


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source for operators. ``scanned_at`` is when its files were listed last, ``problem`` why that failed."""

    id: str
    owner_id: str
    location: str
    scanned_at: str | None
    problem: str | None
    by_user: bool
    left_out: str | None


class InPlaceService:
    """Sources and their files.

    Args:
        database: the database.
        open_source: opens a source.
        locations: the locations that the settings allow.
        most_sources: sources that one user may register.
    """

    def __init__(
        self, database: Database, open_source: OpenSource, locations: SourceLocations, most_sources: int = 20
    ) -> None:
        self._database = database
        self._open_source = open_source
        self._locations = locations
        self._most_sources = most_sources

    def add(self, owner_id: str, location: str) -> str:
        """Record a source for a user and return its id; its files become data at the next scan.

        Raises:
            BadRequest: the location is not in an allowed one, or is recorded for this owner already.
            SourceAway: the source cannot be read.
        """
        location = location.rstrip("/")
        if next(islice(self._open_source(location, self._locations.of_operators).files(LeftOut()), 1), None) is None:
            log.info("the source %s has no files yet", location)
        with self._database.write() as connection:
            same = (sources.c.owner_id == owner_id) & (sources.c.location == location) & sources.c.removed_at.is_(None)
            if connection.execute(select(sources.c.id).where(same)).first() is not None:
                raise BadRequest(f"{location} is a source of this user already")
            return _record(connection, owner_id, location, by_user=False)

    def add_by_user(self, owner: User, location: str, on_registered: OnRegistered) -> str:
        """Record a source that a user registers and return its id; its media files become data at the next scan.

        Raises:
            BadRequest: the location is not in one that is allowed for this user, or cannot be listed.
            Conflict: it overlaps another source of the user.
            OverQuota: the user has too many sources.
        """
        location = location.rstrip("/")
        if len(location) > _MAX_LOCATION or _HIDDEN_PART.search(location):
            raise BadRequest(
                f"{location!r:.150} cannot be a source: hidden folders are left out, and a location has at most "
                f"{_MAX_LOCATION} characters"
            )
        try:
            next(self._open_source(location, self.locations_of(owner)).files(LeftOut()), None)
        except SourceAway as error:
            raise BadRequest(f"{error}. Check the location, or ask the operator") from None
        with self._database.write() as connection:
            # Of two requests at the same time, the second one waits and sees the source of the first.
            connection.execute(select(users.c.id).where(users.c.id == owner.id).with_for_update())
            present = _of_owner(connection, owner.id)
            for row in present:
                if f"{row.location}/".startswith(f"{location}/") or f"{location}/".startswith(f"{row.location}/"):
                    raise Conflict(f"{location} overlaps your source {row.location} ({row.id}); delete that one first")
            if sum(row.by_user for row in present) >= self._most_sources:
                raise OverQuota(
                    f"You have {self._most_sources} sources, which is the most. Delete one, or ask the operator"
                )
            source_id = _record(connection, owner.id, location, by_user=True)
            on_registered(connection, source_id)
        return source_id

    def locations_of(self, owner: User) -> list[str]:
        """Return the locations below which a user may register sources."""
        with self._database.read() as connection:
            return _locations_of(connection, owner.id, self._locations)

    def all(self) -> list[KnownSource]:
        """Return all sources, the oldest first."""
        chosen = select(sources).where(sources.c.removed_at.is_(None))
        with self._database.read() as connection:
            rows = connection.execute(chosen.order_by(sources.c.created_at, sources.c.id)).all()
        return [
            KnownSource(
                row.id,
                row.owner_id,
                row.location,
                None if row.scanned_at is None else dates.to_text(row.scanned_at),
                row.problem,
                row.by_user,
                row.left_out,
            )
            for row in rows
        ]

    def of_owner(self, connection: Connection, owner: User) -> Sequence[DatabaseRow]:
        """Return the rows of the sources of a user, the oldest first."""
        return _of_owner(connection, owner.id)

    def remove(self, source_id: str) -> int:
        """Forget a source and delete the records of its files, which stay where they are; return the number of records.

        Raises:
            NotFound: no source has this id.
        """
        with self._database.write() as connection:
            if connection.execute(select(sources.c.id).where(sources.c.id == source_id)).first() is None:
                raise NotFound(f"No source has the id '{source_id}'; voxel51 server source list shows them")
            _begin_removal(connection, source_id)
        return self._finish_removal(source_id)

    def remove_by_user(self, owner: User, source_id: str) -> None:
        """Forget a source of a user. The records of its files are deleted soon, by `finish_removals`.

        Raises:
            NotFound: the user has no such source.
            Forbidden: an operator registered it.
        """
        with self._database.write() as connection:
            row = next((each for each in _of_owner(connection, owner.id) if each.id == source_id), None)
            if row is None:
                raise NotFound(f"Source '{source_id}' not found; it was deleted, or belongs to another user")
            if not row.by_user:
                raise Forbidden(f"An operator registered the source '{source_id}'. Ask them to remove it")
            _begin_removal(connection, source_id)

    def delete_all(self, owner: User) -> bool:
        """Forget all sources of the owner; returns True, since nothing can be left over."""
        with self._database.read() as connection:
            ids = connection.execute(select(sources.c.id).where(sources.c.owner_id == owner.id)).scalars().all()
        for source_id in ids:
            self.remove(source_id)
        return True

    def finish_removals(self) -> int:
        """Delete the records of all sources that are being removed; return their number."""
        with self._database.read() as connection:
            ids = connection.execute(select(sources.c.id).where(sources.c.removed_at.is_not(None))).scalars().all()
        return sum(self._finish_removal(source_id) for source_id in ids)

    def _finish_removal(self, source_id: str) -> int:
        """Delete records in parts, so that other writers wait only briefly. It may be repeated after a crash."""
        of_source = source_files.c.source_id == source_id
        part = select(source_files.c.path_hash, source_files.c.data_id).where(of_source).limit(_REMOVED_PER_TRANSACTION)
        deleted = 0
        while True:
            with self._database.write() as connection:
                rows = connection.execute(part).all()
                if not rows:
                    connection.execute(delete(sources).where(sources.c.id == source_id))
                    return deleted
                gone = delete(data).where(data.c.id.in_([row.data_id for row in rows]))
                deleted += connection.execute(gone).rowcount
                hashes = [row.path_hash for row in rows]
                connection.execute(delete(source_files).where(of_source, source_files.c.path_hash.in_(hashes)))

    def opened(self, connection: Connection, row: DatabaseRow) -> Source:
        """Return the source of a row, with its owner's present permission.

        Raises:
            BadRequest: its location is not allowed any more.
        """
        of_user = row.by_user
        allowed = _locations_of(connection, row.owner_id, self._locations) if of_user else self._locations.of_operators
        return self._open_source(row.location, allowed)

    def download(self, row: DatabaseRow) -> Download:
        """Return the content of the data ``row``.

        Raises:
            SourceRefused: its source was removed, or is in a location that is not allowed any more.
        """
        columns = (source_files.c.path, source_files.c.state, sources.c.location, sources.c.by_user, sources.c.owner_id)
        joined = select(*columns).join(sources, sources.c.id == source_files.c.source_id)
        present = joined.where(source_files.c.data_id == row.id, sources.c.removed_at.is_(None))
        with self._database.read() as connection:
            found = connection.execute(present).first()
            if found is None:
                raise SourceRefused(f"The source of '{row.name}' was removed")
            try:
                source = self.opened(connection, found)
            except BadRequest as error:
                raise SourceRefused(f"The source of '{row.name}' may not be read any more: {error}") from None
        file = SourceFile(found.path, row.size_bytes, found.state)
        # The last part is the validator (ETag) of the file.
        key = f"in-place/{hash_of(file)[:32]}"
        return Download(key, row.name, row.media_type, None, row.size_bytes, _InPlaceFile(source, file))


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


def hash_of(file: SourceFile) -> str:
    """Return the key of a file among those of its source: a hash of its path and state."""
    return hashlib.sha256(f"{file.path}\0{file.state}".encode()).hexdigest()


def _record(connection: Connection, owner_id: str, location: str, *, by_user: bool) -> str:
    source_id = str(uuid.uuid4())
    row = {"id": source_id, "owner_id": owner_id, "location": location, "created_at": dates.now(), "by_user": by_user}
    connection.execute(insert(sources).values(row))
    return source_id


def _of_owner(connection: Connection, owner_id: str) -> Sequence[DatabaseRow]:
    mine = select(sources).where(sources.c.owner_id == owner_id, sources.c.removed_at.is_(None))
    return connection.execute(mine.order_by(sources.c.created_at, sources.c.id)).all()


def _locations_of(connection: Connection, owner_id: str, locations: SourceLocations) -> list[str]:
    columns = select(users.c.name, applications.c.name.label("application"))
    found = columns.outerjoin(applications, applications.c.id == users.c.application_id)
    row = connection.execute(found.where(users.c.id == owner_id)).one()
    return locations.of_user(row.name, row.application)


def _begin_removal(connection: Connection, source_id: str) -> None:
    """Mark a source as removed. This waits for a registration of files, and no later one begins."""
    connection.execute(update(sources).where(sources.c.id == source_id).values(removed_at=dates.now()))


def file_counts(connection: Connection, source_ids: Sequence[str]) -> dict[str, int]:
    """Return the number of files that each source has registered."""
    counted = select(source_files.c.source_id, func.count()).where(source_files.c.source_id.in_(source_ids))
    return {row[0]: row[1] for row in connection.execute(counted.group_by(source_files.c.source_id))}
