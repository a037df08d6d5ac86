"""Opening the database that the settings name."""

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.folder import make_private
from voxel51.server.settings import Settings


def open_database(settings: Settings) -> Database:
    """The database, its tables in their present shape. The data folder is made if need be.

    Raises:
        RuntimeError: it cannot be opened; the text names it without its password.
    """
    make_private(settings.folder)
    url = settings.database_url or sqlite_url(settings.folder / "platform.sqlite")
    try:
        database = Database(url)
        database.migrate()
    except (SQLAlchemyError, ImportError) as error:
        raise RuntimeError(f"the database {_without_password(url)} cannot be opened: {_reason(error)}") from error
    return database


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
