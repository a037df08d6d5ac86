"""Storage identity: a database and the storage of its files belong together, and each records the id of the pair.

A platform on the database of another one would end its jobs and delete its files as orphans. The id moves with the
storage: a data folder may be moved, copied to another machine or restored from a backup. It is the id of the platform,
not of a process, so any number of processes that share the storage have the same.
"""

import uuid
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection, insert, select, text, update

import voxel51
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.tables import ROW, platform
from voxel51.server.database.types import DatabaseRow
from voxel51.wire import dates

_SAMPLED_RECORDS = 200
_LEAST_SHARE = 0.9
"""The share of the sampled records whose files a storage without an id must have to count as that of the database. In a
backup from before the ids, only the newest files are missing."""

_RECORDED_FILES = text("SELECT storage_key FROM data WHERE storage_key IS NOT NULL ORDER BY upload_date LIMIT :limit")


class IdentifiedStorage(Protocol):
    """A storage that keeps its id beside the files."""

    @property
    def place(self) -> str:
        """The host and the folder of the storage, for messages."""

    def read_id(self) -> str | None:
        """Return its id; None if it has none yet."""

    def write_id(self, storage_id: str) -> None:
        """Record its id durably."""

    def has(self, key: str) -> bool:
        """Return whether it has the file ``key``."""


class StorageMismatch(RuntimeError):
    """The storage is not the one of the database. The text says which is which, and what to do."""


def check_identity(database: Database, storage: IdentifiedStorage, shown_url: str) -> None:
    """Check that the database and the storage belong together, and record the id of the pair where it is missing.

    ``shown_url`` names the database in errors. Processes may check at the same time.

    Raises:
        StorageMismatch: they do not.
    """
    with database.read() as connection:
        if _is_recorded(_row(connection), storage):
            return
    with database.write() as connection:
        acquire_advisory_locks(connection, "storage identity")
        row = _row(connection)
        storage_id = storage.read_id()
        if row is None:
            _check_unrecorded(connection, storage, storage_id, shown_url)
        elif storage_id is None and _holds_its_files(connection, storage):
            storage_id = row.storage_id
        elif storage_id != row.storage_id:
            raise _mismatch(row, storage, storage_id, shown_url)
        storage_id = storage_id or str(uuid.uuid4())
        _record(connection, row, storage, storage_id)
        # Last: if it fails, so does the transaction. A storage with an id that no database has is adopted by the next.
        if storage.read_id() is None:
            storage.write_id(storage_id)


def adopt_storage(database: Database, storage: IdentifiedStorage) -> None:
    """Record the storage as the one of the database, on the word of the operator."""
    with database.write() as connection:
        acquire_advisory_locks(connection, "storage identity")
        storage_id = storage.read_id() or str(uuid.uuid4())
        _record(connection, _row(connection), storage, storage_id)
        storage.write_id(storage_id)


def _is_recorded(row: DatabaseRow | None, storage: IdentifiedStorage) -> bool:
    """Return whether all is as `_record` would leave it, which is the case at all starts but few."""
    if row is None or row.storage_id != storage.read_id():
        return False
    return (row.place, row.program_version) == (storage.place, voxel51.__version__)


def _row(connection: Connection) -> DatabaseRow | None:
    return connection.execute(select(platform).where(platform.c.id == ROW)).first()


def _record(connection: Connection, row: DatabaseRow | None, storage: IdentifiedStorage, storage_id: str) -> None:
    values = {
        "storage_id": storage_id,
        "place": storage.place,
        "program_version": voxel51.__version__,
        "opened_at": dates.now(),
    }
    if row is None:
        connection.execute(insert(platform).values(id=ROW, **values))
    else:
        connection.execute(update(platform).where(platform.c.id == ROW).values(values))


def _check_unrecorded(
    connection: Connection, storage: IdentifiedStorage, storage_id: str | None, shown_url: str
) -> None:
    """Raise `StorageMismatch` if the storage has an id of its own, and the database records files of another one."""
    keys = _sample(connection)
    if storage_id is not None and keys and not _share(storage, keys) >= _LEAST_SHARE:
        raise StorageMismatch(
            f"the database {shown_url} records files that the storage of {storage.place} does not have. Use the data "
            "folder of this database (--dir), restore both from one backup, or give this platform a database of its "
            f"own. {_ADOPT}"
        )


def _holds_its_files(connection: Connection, storage: IdentifiedStorage) -> bool:
    keys = _sample(connection)
    return bool(keys) and _share(storage, keys) >= _LEAST_SHARE


def _sample(connection: Connection) -> Sequence[str]:
    return connection.execute(_RECORDED_FILES, {"limit": _SAMPLED_RECORDS}).scalars().all()


def _share(storage: IdentifiedStorage, keys: Sequence[str]) -> float:
    return sum(map(storage.has, keys)) / len(keys)


def _mismatch(row: DatabaseRow, storage: IdentifiedStorage, storage_id: str | None, shown_url: str) -> StorageMismatch:
    found = f"the storage {storage_id}" if storage_id else "no storage of this platform"
    return StorageMismatch(
        f"the database {shown_url} belongs to the platform with the storage {row.storage_id}, opened from {row.place} "
        f"since {dates.to_text(row.opened_at)}, but {storage.place} has {found}. Two platforms on one database end "
        "each other's jobs and delete each other's files. Use the data folder of that platform (--dir), restore it "
        "from its backup, or give this platform a database of its own (VOXEL51_SERVER_DATABASE_URL). "
        f"{_ADOPT}"
    )


_ADOPT = (
    "Only if the files of that platform are lost for good, or this folder replaces them: voxel51 server adopt-storage"
)
