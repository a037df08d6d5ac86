"""Scan of sources in place: list their files regularly, and register new ones as data of their owners."""

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import islice

from sqlalchemy import Connection, func, insert, select, update

from voxel51.server.accounts.tables import application_of
from voxel51.server.background_thread import BackgroundThread
from voxel51.server.data.in_place import IN_PLACE, InPlaceService, hash_of
from voxel51.server.data.names import clean_media_type, clean_name
from voxel51.server.data.records import DEFAULT_ENCODING, record_of
from voxel51.server.data.tables import data, source_files, sources
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.encryption import Cipher
from voxel51.server.errors import BadRequest, ServiceError
from voxel51.server.storage.in_place import LeftOut, SourceFile
from voxel51.wire import dates
from voxel51.wire.data import DataRecord

log = logging.getLogger(__name__)

_LIFETIME = timedelta(days=36525)
"""The platform stores nothing of such data, so they do not expire."""

_FILES_PER_TRANSACTION = 200
_INTERVAL_SECONDS = 10.0
_SHARE_OF_TIME = 0.1
"""A source is listed at most during this share of the time, so that huge folders do not occupy the platform."""

_LONGEST_PAUSE_SECONDS = 600.0
_MEDIA = ("video/", "audio/", "image/")
"""Begin of the media types of files that become data by sources that users register."""

OnFilesAdded = Callable[[Connection, str, str, Sequence[DataRecord]], object]
"""Is called with the id of the source, that of its owner, and new data, in the transaction that records them."""


class SourceScan:
    """Lists sources, one part of each after the other, so that no source waits for a huge one.

    Args:
        database: the database.
        in_place: opens sources.
        cipher: encrypts the columns of data.
        most_files: files that one user may have by sources of their own.
    """

    def __init__(self, database: Database, in_place: InPlaceService, cipher: Cipher, most_files: int = 200_000) -> None:
        self._database = database
        self._in_place = in_place
        self._cipher = cipher
        self._most_files = most_files
        self._on_added: list[OnFilesAdded] = []
        self._due: dict[str, float] = {}

    def on_added(self, act: OnFilesAdded) -> None:
        """Call ``act`` for the files that become data, from now on."""
        self._on_added.append(act)

    def run(self, is_closing: Callable[[], bool] = lambda: False) -> int:
        """Register the new files of all sources that are due, also of those that are added meanwhile.

        Returns:
            the number of new files.
        """
        running: dict[str, Iterator[int]] = {}
        added = 0
        while not is_closing():
            for row in self._due_sources():
                if row.id not in running:
                    running[row.id] = self._scan(row)
            if not running:
                break
            for source_id, scan in [*running.items()]:
                number = next(scan, None)
                if number is None:
                    del running[source_id]
                else:
                    added += number
        return added

    def _due_sources(self) -> list[DatabaseRow]:
        with self._database.read() as connection:
            rows = connection.execute(select(sources).where(sources.c.removed_at.is_(None))).all()
        self._due = {row.id: self._due.get(row.id, 0.0) for row in rows}
        return [row for row in rows if self._due[row.id] <= time.monotonic()]

    def _scan(self, row: DatabaseRow) -> Iterator[int]:
        """Register the files of a source part by part; yield the number of new ones in each part."""
        began, spent = time.monotonic(), 0.0
        left_out, problem = LeftOut(), None
        try:
            with self._database.read() as connection:
                files = self._in_place.opened(connection, row).files(left_out)
            while batch := [*islice(files, _FILES_PER_TRANSACTION)]:
                added = self._register(row, batch, left_out)
                spent += time.monotonic() - began
                yield added
                began = time.monotonic()
        except (ServiceError, OSError) as error:
            problem = str(error)[:500]
            if problem != row.problem:
                log.warning("the source %s cannot be listed: %s", row.location, problem)
        with self._database.write(durable=False) as connection:
            values = {"scanned_at": dates.now(), "problem": problem, "left_out": left_out.text()}
            connection.execute(update(sources).where(sources.c.id == row.id).values(values))
        pause = (spent + time.monotonic() - began) / _SHARE_OF_TIME
        pause = min(max(pause, _INTERVAL_SECONDS / 2), _LONGEST_PAUSE_SECONDS)
        self._due[row.id] = time.monotonic() + pause

    def _register(self, source: DatabaseRow, files: Sequence[SourceFile], left_out: LeftOut) -> int:
        hashes = {hash_of(file): file for file in files}
        known = (source_files.c.source_id == source.id) & source_files.c.path_hash.in_(hashes)
        with self._database.read() as connection:
            present = {*connection.execute(select(source_files.c.path_hash).where(known)).scalars()}
            missing = {each: file for each, file in hashes.items() if each not in present}
            rows = {each: row for each, file in missing.items() if (row := _row(source, file, left_out))}
            if rows and source.by_user:
                rows = self._within_limit(connection, source, rows, missing, left_out)
        if not rows:
            return 0
        further = {"source_url": self._cipher.encrypt(IN_PLACE), "application_id": application_of(source.owner_id)}
        described = [
            {"source_id": source.id, "path_hash": each, "path": missing[each].path, "state": missing[each].state,
             "data_id": row["id"]}
            for each, row in rows.items()
        ]  # fmt: skip
        with self._database.write() as connection:
            # A removal waits until these files are recorded, and so deletes them too.
            still = select(sources.c.id).where(sources.c.id == source.id, sources.c.removed_at.is_(None))
            if connection.execute(still.with_for_update()).first() is None:
                return 0
            connection.execute(insert(data).values(**further), [*rows.values()])
            connection.execute(insert(source_files), described)
            records = [record_of(row) for row in rows.values()]
            for act in self._on_added:
                act(connection, source.id, source.owner_id, records)
        return len(rows)

    def _within_limit(
        self,
        connection: Connection,
        source: DatabaseRow,
        rows: dict[str, dict[str, object]],
        files: dict[str, SourceFile],
        left_out: LeftOut,
    ) -> dict[str, dict[str, object]]:
        """Return as many rows as the owner may still have."""
        own = select(sources.c.id).where(sources.c.owner_id == source.owner_id, sources.c.by_user)
        counted = select(func.count()).where(source_files.c.source_id.in_(own))
        free = max(0, self._most_files - connection.execute(counted).scalar_one())
        for each in [*rows][free:]:
            left_out.add(files[each].path, f"exceeds the limit of {self._most_files} files in place per user")
            del rows[each]
        return rows


class SourceScanner(BackgroundThread):
    """Background thread that looks for new files, in the process of which ``leads`` says that it does so for all."""

    def __init__(self, in_place: InPlaceService, scan: SourceScan, leads: Callable[[], bool]) -> None:
        super().__init__("sources", "the scan of sources", _INTERVAL_SECONDS)
        self._in_place = in_place
        self._scan = scan
        self._leads = leads

    def _run_pass(self, *, is_woken: bool) -> None:  # noqa: ARG002  (files change without a word)
        if self._leads():
            self._in_place.finish_removals()
            self._scan.run(self._closing.is_set)


def _row(source: DatabaseRow, file: SourceFile, left_out: LeftOut) -> dict[str, object] | None:
    """Return the row of a file as data, or None if it cannot be data."""
    try:
        name, now = clean_name(file.path.rpartition("/")[2]), dates.now()
    except BadRequest:
        left_out.add(file.path, "has a name of more than 255 bytes")
        return None
    media_type = clean_media_type(None, name)
    if source.by_user and not media_type.startswith(_MEDIA):
        return None
    return {
        "id": str(uuid.uuid4()),
        "owner_id": source.owner_id,
        "name": name,
        "size_bytes": file.size_bytes,
        "media_type": media_type,
        "encoding": DEFAULT_ENCODING,
        "upload_date": now,
        "expiration_date": now + _LIFETIME,
    }
