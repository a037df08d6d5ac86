"""Opening the database that the settings name."""

from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.folder import make_private
from voxel51.server.settings import Settings


def open_database(settings: Settings) -> Database:
    """The database, its tables in their present shape. The data folder is made if need be."""
    make_private(settings.folder)
    database = Database(settings.database_url or sqlite_url(settings.folder / "platform.sqlite"))
    database.migrate()
    return database
