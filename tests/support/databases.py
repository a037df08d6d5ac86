"""SQLite databases for tests, copied from one that is migrated once per process: a migration takes 0.1 s and more."""

import functools
import tempfile
from pathlib import Path

from voxel51.server.database.database import Database, sqlite_url


def migrated_sqlite(file: Path) -> str:
    """Write an empty database with the platform's tables to ``file``; return its URL."""
    file.write_bytes(_template())
    return sqlite_url(file)


@functools.cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "template.sqlite"
        database = Database(sqlite_url(file))
        database.migrate()
        database.close()  # the last connection moves the write-ahead log into the file
        return file.read_bytes()
