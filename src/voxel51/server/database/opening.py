"""Open the database that the settings name: check that it is the platform's own, and migrate its tables."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

import voxel51
from voxel51.server.data_folder import make_private
from voxel51.server.database.connections import most_connections
from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.database.failures import reason_of
from voxel51.server.database.identity import adopt_storage, check_identity
from voxel51.server.database.migrations import newest_revision, present_revision, revisions
from voxel51.server.database.spare_space import SpareSpace
from voxel51.server.database.tables import platform
from voxel51.server.settings import Settings
from voxel51.server.storage_location import holds_files, identified_storage


def open_database(settings: Settings) -> Database:
    """Return the migrated database of a platform. Create the data folder if it does not exist.

    Raises:
        RuntimeError: the database cannot be opened, is of a newer version or of another platform, or is empty although
            the data folder holds files. The text names the database without its password.
    """
    with _migrated(settings) as database:
        check_identity(database, identified_storage(settings), shown_url(settings))
        return database


def adopt(settings: Settings) -> str:
    """Record the storage in the data folder as the one of the database; return the name of the database.

    Raises:
        RuntimeError: the database cannot be opened, or is of a newer version.
    """
    with _migrated(settings, is_new_allowed=True) as database:
        adopt_storage(database, identified_storage(settings))
    database.close()
    return shown_url(settings)


def migrate(settings: Settings) -> list[str]:
    """Migrate the database as `open_database` does, and return the revisions that were applied.

    Raises:
        RuntimeError: as `open_database` does.
    """
    missing = missing_migrations(settings)
    open_database(settings).close()
    return missing


def missing_migrations(settings: Settings) -> list[str]:
    """Return the revisions that the database lacks, oldest first. Changes nothing.

    Raises:
        RuntimeError: the database cannot be read, or is of a newer version.
    """
    shown = shown_url(settings)
    if not settings.database_url and not (settings.folder / "platform.sqlite").exists():
        return revisions()
    try:
        database = Database(database_url(settings))
        try:
            _check_version(database, shown)
            with database.engine.connect() as connection:
                present = present_revision(connection)
        finally:
            database.close()
    except (SQLAlchemyError, ImportError) as error:
        raise RuntimeError(f"the database {shown} cannot be opened: {_reason(error)}") from error
    return [each for each in revisions() if present is None or each > present]


@contextmanager
def _migrated(settings: Settings, *, is_new_allowed: bool = False) -> Iterator[Database]:
    """Yield the migrated database. Close it if anything fails."""
    make_private(settings.folder)
    shown = shown_url(settings)
    try:
        database = Database(database_url(settings), _spare_space(settings), most_connections(settings))
    except (SQLAlchemyError, ImportError) as error:
        raise RuntimeError(f"the database {shown} cannot be opened: {_reason(error)}") from error
    try:
        if not is_new_allowed:
            _check_not_empty(database, settings, shown)
        _check_version(database, shown)
        database.migrate()
        yield database
    except SQLAlchemyError as error:
        database.close()
        raise RuntimeError(f"the database {shown} cannot be opened: {_reason(error)}") from error
    except BaseException:
        database.close()
        raise


def database_url(settings: Settings) -> str:
    """Return the URL of the database, with its password."""
    return settings.database_url or sqlite_url(settings.folder / "platform.sqlite")


def _spare_space(settings: Settings) -> SpareSpace | None:
    return None if settings.database_url else SpareSpace(settings.folder / "spare-space")


def shown_url(settings: Settings) -> str:
    """Return the URL of the database for messages, without its password."""
    try:
        return make_url(database_url(settings)).render_as_string(hide_password=True)
    except ArgumentError:
        return "in the settings"


def _check_not_empty(database: Database, settings: Settings, shown: str) -> None:
    """Raise RuntimeError for an empty database beside stored files.

    The sweeper deletes files without a record: with the wrong database, that would be all of them.
    """
    if not inspect(database.engine).get_table_names() and holds_files(settings):
        storage = settings.storage_url or settings.storage_folder
        raise RuntimeError(
            f"the database {shown} is new, but {storage} holds files, which would be deleted because "
            "they have no records; set VOXEL51_SERVER_DATABASE_URL to their database, restore it, or move the files"
        )


def _check_version(database: Database, shown: str) -> None:
    """Raise RuntimeError for a database that a newer version of the program has migrated."""
    with database.engine.connect() as connection:
        found = present_revision(connection)
    if found is None or found in revisions():
        return
    by = _last_program(database)
    raise RuntimeError(
        f"the database {shown} was migrated by a newer version of voxel51-platform{by} (schema {found}); this is "
        f"version {voxel51.__version__}, which knows the schema up to {newest_revision()}. Install that "
        "version or a later one (pip install --upgrade voxel51-platform), or restore the backup from before the upgrade"
    )


def _last_program(database: Database) -> str:
    """Return the newer version in parentheses, if the database tells it."""
    try:
        with database.engine.connect() as connection:
            number = connection.execute(select(platform.c.program_version)).scalar()
    except SQLAlchemyError:  # a schema that is much newer may have it elsewhere
        return ""
    return "" if number is None else f", {number}"


def _reason(error: Exception) -> str:
    if isinstance(error, ImportError) and error.name == "psycopg":
        return "PostgreSQL needs a driver: pip install 'voxel51-platform[postgres]'"
    return reason_of(error) if isinstance(error, SQLAlchemyError) else str(error)
