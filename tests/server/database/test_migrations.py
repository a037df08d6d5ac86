"""The migrations and the tables that the rooms declare are the same."""

import threading

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import voxel51.server.data.tables
import voxel51.server.events.tables
import voxel51.server.http.repetition
import voxel51.server.jobs.tables
import voxel51.server.webhooks.tables  # noqa: F401  (declares its tables, and by its imports the others)
from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.database.schema import metadata


def test_migrating_gives_the_tables_that_the_rooms_declare(tmp_path):
    database = Database(sqlite_url(tmp_path / "new.sqlite"))
    database.migrate()
    with database.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()
    assert differences == []


def test_several_may_migrate_at_once(tmp_path):
    databases = [Database(sqlite_url(tmp_path / "shared.sqlite")) for _ in range(4)]
    failures = []

    def migrate(database):
        try:
            database.migrate()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=migrate, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert failures == []
