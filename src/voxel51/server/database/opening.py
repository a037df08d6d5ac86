"""Opening the database that the settings name."""

from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.settings import Settings


def open_database(settings: Settings) -> Database:
    """The database, its tables in their present shape. The data folder is made if need be."""
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.database_url or sqlite_url(settings.folder / "platform.sqlite"))
    database.migrate()
    return database
