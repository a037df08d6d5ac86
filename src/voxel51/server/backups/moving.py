"""Moving: take a platform to another database and storage, such as from SQLite and a folder to PostgreSQL and S3.

The source is only read, but for its SQLite file, which is renamed at the end. Until then no platform starts on the new
database. An interrupted move can be repeated: copied files are not copied again, and the records are copied in one
transaction.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, inspect, select, update

import voxel51
from voxel51.server.accounts.tables import users
from voxel51.server.backups.backup import Progress
from voxel51.server.backups.database_copy import FILES, kind_of
from voxel51.server.backups.moved_files import copy_partial_files, copy_storage
from voxel51.server.backups.moved_records import TableSummary, copy_records, summarize
from voxel51.server.data_folder import FolderLock, make_private
from voxel51.server.database.database import Database
from voxel51.server.database.opening import database_url, open_database, shown_url
from voxel51.server.database.tables import ROW, platform
from voxel51.server.settings import Settings
from voxel51.server.storage.opening import open_storage, storage_of
from voxel51.server.storage.verification import Verification
from voxel51.server.storage_location import identified_storage
from voxel51.server.wiring.verification import build_verifier
from voxel51.wire import dates

_UNFINISHED = "an unfinished move (voxel51 server move)"
"""Place of the platform in a database into which one is being moved."""

_MOVED = ".moved"


@dataclass(frozen=True, slots=True)
class Moved:
    """Result of a move: the number of files, the rows of each table, and the comparison of the files with them."""

    files: int
    tables: Mapping[str, TableSummary]
    verified: Verification


def prepare_move(source: Settings, target: Settings, progress: Progress) -> int:
    """Copy the files alone, also while the platform runs, so that the move itself takes less time; return how many.

    Raises:
        RuntimeError: the storages are the same, or the target belongs to another platform.
    """
    if _storage_of(source) == _storage_of(target):
        raise RuntimeError("the new settings name the same storage: there are no files to copy")
    _claim_storage(source, target)
    return copy_storage(storage_of(source), open_storage(target), progress)


def move(source: Settings, target: Settings, progress: Progress) -> Moved:
    """Move the platform of ``source``, which must not run, to the places of ``target``, and compare the two.

    Raises:
        RuntimeError: the target is not empty, or belongs to another platform; or the records differ afterwards.
        voxel51.server.data_folder.FolderInUse: the platform runs.
    """
    moves_files, moves_records = (
        _storage_of(source) != _storage_of(target),
        database_url(source) != database_url(target),
    )
    if not (moves_files or moves_records):
        raise RuntimeError("the new settings name the same database and the same storage: there is nothing to move")
    with _locked(source, target):
        with _opened(source) as present, ExitStack() as stack:
            database = present
            if moves_records:
                database = stack.enter_context(_target_database(target))
            _copy_key(source, target)
            files = _move_files(source, target, progress) if moves_files else 0
            tables = _move_records(present, database, target) if moves_records else {}
            verified = build_verifier(database, storage_of(target)).verify(repair=False)
            if not verified.lost:
                _set_place(database, identified_storage(target).place)
        if moves_records and not verified.lost:
            _set_aside(source)
    return Moved(files, tables, verified)


def _move_files(source: Settings, target: Settings, progress: Progress) -> int:
    _claim_storage(source, target)
    old, new = storage_of(source), open_storage(target)
    count = copy_storage(old, new, progress)
    copy_partial_files(old, new)
    return count


def _claim_storage(source: Settings, target: Settings) -> None:
    """Give the new storage the id of the old one, so that no other platform takes it.

    Raises:
        RuntimeError: it belongs to another platform.
    """
    storage_id, new = identified_storage(source).read_id(), identified_storage(target)
    if storage_id is None:
        raise RuntimeError(
            f"{identified_storage(source).place} has no files of a platform. Name its data folder: --dir"
        )
    present = new.read_id()
    if present not in {None, storage_id}:
        raise RuntimeError(f"{new.place} has the files of another platform. Name a new folder or prefix")
    if present is None:
        new.write_id(storage_id)


def _move_records(present: Database, database: Database, target: Settings) -> Mapping[str, TableSummary]:
    """Copy the records and compare them.

    Raises:
        RuntimeError: the target holds a platform, or the records differ.
    """
    shown = shown_url(target)
    _mark_unfinished(database, shown)
    copied = copy_records(present, database)
    found = summarize(database)
    if different := [name for name in copied if copied[name] != found[name]]:
        raise RuntimeError(f"the records in {shown} differ from the old ones: {', '.join(different)}. Repeat the move")
    with present.read() as connection:
        row = connection.execute(select(platform).where(platform.c.id == ROW)).one()
    with database.write() as connection:
        connection.execute(update(platform).values(storage_id=row.storage_id))
    return copied


def _mark_unfinished(database: Database, shown: str) -> None:
    """Migrate the new database, and let no platform start with it: none has the id that is recorded now.

    Raises:
        RuntimeError: it holds a platform.
    """
    is_new = not inspect(database.engine).get_table_names()
    # In one transaction with the first tables: a platform that found these alone would begin its life with them.
    database.migrate(_record_unfinished if is_new else None)
    with database.write() as connection:
        row = connection.execute(select(platform).where(platform.c.id == ROW)).first()
        is_unused = row is None and connection.execute(select(users.c.id)).first() is None
        if not (is_unused or (row is not None and row.place == _UNFINISHED)):
            raise RuntimeError(f"the database {shown} is not empty. Name a new one")
        _record_unfinished(connection)


def _record_unfinished(connection: Connection) -> None:
    connection.execute(delete(platform))
    values = {"storage_id": str(uuid4()), "program_version": voxel51.__version__, "opened_at": dates.now()}
    connection.execute(insert(platform).values(id=ROW, place=_UNFINISHED, **values))


def _set_place(database: Database, place: str) -> None:
    with database.write() as connection:
        connection.execute(update(platform).values(place=place, runner_id=None, running_until=None))


def _set_aside(source: Settings) -> None:
    """Rename the SQLite file that was moved, so that no platform goes on with it by mistake."""
    if kind_of(source) == "sqlite":
        path = source.folder / FILES["sqlite"]
        path.replace(path.with_name(path.name + _MOVED))


def _copy_key(source: Settings, target: Settings) -> None:
    """Copy the key that signs links and encrypts secrets, if it has another place.

    Raises:
        RuntimeError: the key of another platform is there.
    """
    old, new = source.secret_key_path, target.secret_key_path
    if old != new:
        if new.exists() and new.read_bytes() != old.read_bytes():
            raise RuntimeError(f"{new} is the key of another platform. Name another data folder")
        make_private(new.parent)
        shutil.copyfile(old, new)
        new.chmod(0o600)


def _storage_of(settings: Settings) -> tuple[str, str]:
    return settings.storage_url or str(settings.folder / "storage"), settings.storage_endpoint


@contextmanager
def _locked(source: Settings, target: Settings) -> Iterator[None]:
    """Keep platforms from starting in the data folders inside the block."""
    with ExitStack() as stack:
        for folder in sorted({source.folder, target.folder}):
            make_private(folder)
            lock = FolderLock(folder)
            lock.acquire()
            stack.callback(lock.release)
        yield


@contextmanager
def _opened(source: Settings) -> Iterator[Database]:
    if kind_of(source) == "sqlite" and not (source.folder / FILES["sqlite"]).is_file():
        raise RuntimeError(
            f"{source.folder} holds no platform: {FILES['sqlite']} not found. Name its data folder: --dir"
        )
    database = open_database(source)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _target_database(target: Settings) -> Iterator[Database]:
    database = Database(database_url(target))
    try:
        yield database
    finally:
        database.close()
