"""Open the database that the settings name, and migrate its tables."""

from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from voxel51.server.data_folder import make_private
from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.settings import Settings


def open_database(settings: Settings) -> Database:
    """Return the migrated database of a platform. Create the data folder if it does not exist.

    Raises:
        RuntimeError: the database cannot be opened, or is empty although the data folder holds files. The text names
            the database without its password.
    """
    make_private(settings.folder)
    url = settings.database_url or sqlite_url(settings.folder / "platform.sqlite")
    try:
        database = Database(url)
        _check_matches_storage(database, url, settings.folder)
        database.migrate()
    except (SQLAlchemyError, ImportError) as error:
        raise RuntimeError(f"the database {_without_password(url)} cannot be opened: {_reason(error)}") from error
    return database


def _check_matches_storage(database: Database, url: str, folder: Path) -> None:
    """Raise RuntimeError for an empty database beside stored files.

    The sweeper deletes files without a record: with the wrong database, that would be all of them.
    """
    storage = folder / "storage"
    if any(storage.glob("*/?/*")) and not inspect(database.engine).get_table_names():
        raise RuntimeError(
            f"the database {_without_password(url)} is new, but {storage} holds files, which would be deleted because "
            "they have no records; set VOXEL51_SERVER_DATABASE_URL to their database, restore it, or move the files"
        )


def _without_password(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "in the settings"


def _reason(error: Exception) -> str:
    if isinstance(error, ImportError) and error.name == "psycopg":
        return "PostgreSQL needs a driver: pip install 'voxel51-platform[postgres]'"
    reason = error.orig if isinstance(error, DBAPIError) else error
    return str(reason).strip().partition("\n")[0]
