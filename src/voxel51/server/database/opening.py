"""Opening the database that the settings name."""

from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.folder import make_private
from voxel51.server.settings import Settings


def open_database(settings: Settings) -> Database:
    """The database, its tables in their present shape. The data folder is made if need be.

    Raises:
        RuntimeError: it cannot be opened, or is a new one beside the files of another; the text names it without its
            password.
    """
    make_private(settings.folder)
    url = settings.database_url or sqlite_url(settings.folder / "platform.sqlite")
    try:
        database = Database(url)
        _check_it_belongs_here(database, url, settings.folder)
        database.migrate()
    except (SQLAlchemyError, ImportError) as error:
        raise RuntimeError(f"the database {_without_password(url)} cannot be opened: {_reason(error)}") from error
    return database


def _check_it_belongs_here(database: Database, url: str, folder: Path) -> None:
    """A platform deletes files without a record. With another's empty database that would be all of them."""
    storage = folder / "storage"
    if any(storage.glob("*/?/*")) and not inspect(database.engine).get_table_names():
        raise RuntimeError(
            f"the database {_without_password(url)} is new, but {storage} holds files, which would be deleted for "
            "want of records; name the database they belong to (VOXEL51_SERVER_DATABASE_URL), restore it, or move it"
        )


def _without_password(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "of the settings"


def _reason(error: Exception) -> str:
    if isinstance(error, ImportError) and error.name == "psycopg":
        return "PostgreSQL needs a driver: pip install 'voxel51-platform[postgres]'"
    reason = error.orig if isinstance(error, DBAPIError) else error
    return str(reason).strip().partition("\n")[0]
