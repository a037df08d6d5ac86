"""Reuse of uploaded files: find the record of a file by its hash, instead of uploading the file again."""

from datetime import timedelta

from voxel51.server.data.contents import StoredContent, best_match, rows_with_content
from voxel51.server.data.lifetime import first_expiration
from voxel51.server.data.service import extend
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import NotFound
from voxel51.server.storage.hashing import sha256_of
from voxel51.server.storage.storage import Storage
from voxel51.wire.data import DataRecord


class ReuseService:
    """Finds records by the hash of their bytes. Every method sees only the data of the given owner."""

    def __init__(self, database: Database, storage: Storage, lifetime: timedelta) -> None:
        self._database = database
        self._storage = storage
        self._lifetime = lifetime

    def check(self, owner_id: str, content: StoredContent) -> None:
        """Raise `NotFound` unless the owner has a record of these bytes whose file is intact.

        Reads the file if it was changed after it was recorded, so it may take long. Call it outside of transactions.

        Raises:
            NotFound: the owner has no such record, or its file is damaged.
        """
        with self._database.read() as connection:
            rows = rows_with_content(connection, owner_id, content)
        if not rows or not self._is_intact(rows[0]):
            raise _not_found(content)

    def record(self, owner_id: str, content: StoredContent, name: str | None, ttl: str | None) -> DataRecord:
        """Return a record of these bytes, and extend its lifetime as an upload would. Call `check` before.

        Raises:
            NotFound: the owner has no such record.
            BadRequest: the expiration date is invalid.
        """
        expiration = first_expiration(ttl, self._lifetime)
        with self._database.write() as connection:
            rows = rows_with_content(connection, owner_id, content, lock=True)
            if not rows:
                raise _not_found(content)
            row = best_match(rows, name)
            return extend(connection, row, expiration, row.storage_key)

    def _is_intact(self, row: DatabaseRow) -> bool:
        key: str = row.storage_key
        try:
            info = self._storage.info(key)
            if info.size_bytes != row.size_bytes:
                return False
            # A file that was not touched since it was recorded has the bytes that were hashed while they arrived.
            return bool(info.modified_at <= row.upload_date) or sha256_of(self._storage.read(key)) == row.sha256
        except OSError:
            return False


def _not_found(content: StoredContent) -> NotFound:
    return NotFound(
        f"None of your data has the SHA-256 {content.sha256} and {content.size_bytes} bytes. Upload the file"
    )
