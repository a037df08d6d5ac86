"""Hashing of direct uploads: compute the SHA-256 of files that did not pass the platform, in the background.

Such data has no hash until the platform has read the whole file itself. After a restart it begins again with the files
that have none.
"""

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import select, update

from voxel51.server.background_thread import BackgroundThread
from voxel51.server.data.contents import StoredContent, rows_with_content
from voxel51.server.data.shared_files import share
from voxel51.server.data.tables import data, uploads
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.storage.hashing import sha256_of
from voxel51.server.storage.storage import Reader, Storage
from voxel51.server.usage.entries import record_bytes

_INTERVAL_SECONDS = 60.0
"""Pause after which files are looked for without being told, such as those whose reading failed."""


class HashingThread(BackgroundThread):
    """Background thread that hashes one file after the other. Several may run: a second result changes nothing.

    Of several processes, the one that ``leads`` hashes.
    """

    def __init__(self, database: Database, storage: Storage, leads: Callable[[], bool] = lambda: True) -> None:
        super().__init__("hashing", "hashing", _INTERVAL_SECONDS)
        self._leads = leads
        self._database = database
        self._storage = storage
        self._reader: Reader | None = None

    def close(self) -> None:
        """Stop the thread. The file that it reads is read again after the next start."""
        self._closing.set()
        reader = self._reader
        if reader is not None:
            reader.close()
        super().close()

    def _run_pass(self, *, is_woken: bool) -> None:  # noqa: ARG002  (all is in the database)
        for row in self._due() if self._leads() else ():
            self._hash(row)

    def _due(self) -> Sequence[DatabaseRow]:
        direct = select(data).join(uploads, uploads.c.data_id == data.c.id).where(uploads.c.part_bytes.is_not(None))
        with self._database.read() as connection:
            return connection.execute(direct.where(data.c.sha256.is_(None))).all()

    def _hash(self, row: DatabaseRow) -> None:
        try:
            self._reader = self._storage.read(row.storage_key)
            sha256 = sha256_of(self._reader)
        except FileNotFoundError:
            return  # deleted since it was found
        finally:
            self._reader = None
        if not self._closing.is_set():  # otherwise only a part was read
            record_hash(self._database, self._storage, row, sha256)


def record_hash(database: Database, storage: Storage, row: DatabaseRow, sha256: str) -> None:
    """Record the hash of the data ``row``, and share the file with the owner's other records of the same bytes."""
    unhashed = (data.c.id == row.id) & data.c.sha256.is_(None)
    with database.write() as connection:
        content = StoredContent(row.size_bytes, sha256)
        same = rows_with_content(connection, row.owner_id, content, lock=True)
        if connection.execute(select(data.c.id).where(unhashed)).first() is None:
            return  # deleted, or hashed by another process
        key = share(storage, sorted({each.storage_key for each in same}), row.storage_key)
        connection.execute(update(data).where(unhashed).values(sha256=sha256, storage_key=key))
        if key != row.storage_key:
            record_bytes(connection, [(row.owner_id, -row.size_bytes)])
            database.after_commit(partial(storage.delete, row.storage_key))
