"""The migrations and the tables that the rooms declare are the same."""

import sqlite3
import threading
from contextlib import closing

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import voxel51.server.data.tables
import voxel51.server.events.tables
import voxel51.server.http.repetition
import voxel51.server.renditions.tables
import voxel51.server.search.tables
import voxel51.server.webhooks.tables  # noqa: F401  (declares its tables, and by its imports the others)
from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.database.migrations import upgrade
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


OLD_ROWS = """
INSERT INTO users VALUES ('u', 'alice', NULL, NULL, '2026-01-01 00:00:00.000000');
INSERT INTO tokens VALUES ('t', 'u', 'laptop', 'hash', '2026-01-01 00:00:00.000000', NULL);
INSERT INTO data VALUES ('d', 'u', 'v.mp4', 3, 'video/mp4', '7bit', '2026-01-01 00:00:00.000000',
    '2027-01-01 00:00:00.000000', 'data/d');
INSERT INTO analytics VALUES ('a', NULL, 'voxel51/n', '1', '1', 1, 'public', 'PLATFORM', 1, 0, 0,
    '2026-01-01 00:00:00.000000', 'd', '{}', 'voxel51/n');
INSERT INTO jobs (id, owner_id, name, state, archived, upload_date, expiration_date, expired, analytic_id, compute_mode,
    auto_start, failure_type, request, output_filename, attempts_lost) VALUES ('j', 'u', 'j', 'QUEUED', 0,
    '2026-01-01 00:00:00.000000', '2027-01-01 00:00:00.000000', 0, 'a', 'BEST', 1, 'NONE', '{}', 'x', 0);
INSERT INTO attempts (id, job_id, credential_hash, stop_wanted, created_at) VALUES ('x', 'j', 'hash', 0,
    '2026-01-01 00:00:00.000000');
"""


def test_what_the_first_platform_kept_is_kept(tmp_path):
    file = tmp_path / "old.sqlite"
    database = Database(sqlite_url(file))
    with database.write() as connection:
        upgrade(connection, "0001")
    database.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(OLD_ROWS)

    database = Database(sqlite_url(file))
    database.migrate()

    with database.read() as connection:
        for table in ("users", "tokens", "data", "analytics", "jobs", "attempts"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 1, table
        assert connection.exec_driver_sql("SELECT owner FROM analytics").scalar() == "platform"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.close()
