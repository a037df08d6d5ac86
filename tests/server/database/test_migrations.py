"""Database migrations: they produce the tables that the packages declare, and keep the rows of older databases."""

import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select

import voxel51.server.analytics.network.tables
import voxel51.server.collections.tables
import voxel51.server.data.tables
import voxel51.server.database.expiry_clock
import voxel51.server.database.tables
import voxel51.server.events.tables
import voxel51.server.http.idempotency
import voxel51.server.job_batches.tables
import voxel51.server.jobs.pipeline_tables
import voxel51.server.jobs.split_tables
import voxel51.server.pipelines.tables
import voxel51.server.renditions.tables
import voxel51.server.reviews.tables
import voxel51.server.rules.tables
import voxel51.server.schedules.tables
import voxel51.server.scheduling.tables
import voxel51.server.secrets.tables
import voxel51.server.usage.tables
import voxel51.server.webhooks.tables  # noqa: F401  (declares its tables, and by its imports the others)
from voxel51.server.accounts.tables import audit_log
from voxel51.server.database import migrations
from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.database.migrations import upgrade
from voxel51.server.database.schema import metadata
from voxel51.server.search.tables import label_spans
from voxel51.wire import dates


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """An empty database, before any migration."""
    if request.param == "sqlite":
        url = sqlite_url(tmp_path / "empty.sqlite")
    else:
        url = request.getfixturevalue("postgresql").empty_database()
    database = Database(url)
    yield database
    database.close()


def test_migrations_produce_the_declared_tables(database):
    database.migrate()
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_declared})
        differences = compare_metadata(context, metadata)
    assert differences == []


def is_declared(_object, name, kind, is_reflected, _compared_to):
    """Return whether an object belongs to a declared table; the text index does not, nor an index of an expression."""
    undeclared = r"(jobs|data)_(texts|words)|ix_(jobs|data)_text_|ix_jobs_inputs$"
    return not (is_reflected and re.match(undeclared, name or ""))


def test_files_are_named_by_their_revisions_in_order(database):
    database.migrate()

    steps = ScriptDirectory(migrations.__path__[0]).walk_revisions()
    assert migrations.revisions() == [step.revision for step in steps][::-1]
    with database.read() as connection:
        assert migrations.present_revision(connection) == migrations.newest_revision()


def test_migrated_database_is_opened_without_alembic(tmp_path):
    url = sqlite_url(tmp_path / "migrated.sqlite")
    Database(url).migrate()

    check = "import sys; from voxel51.server.database.database import Database; Database(sys.argv[1]).migrate(); "
    check += "print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", check, url], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_concurrent_migrations_succeed(tmp_path):
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


def test_many_connections_may_open_a_new_file_at_once(tmp_path):
    failures = []

    def connect(database):
        try:
            database.engine.connect().close()
        except Exception as error:
            failures.append(error)

    for number in range(25):
        databases = [Database(sqlite_url(tmp_path / f"{number}.sqlite")) for _ in range(4)]
        threads = [threading.Thread(target=connect, args=(database,)) for database in databases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for database in databases:
            database.close()
    assert failures == []


FIRST_ROWS = """
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


def test_rows_of_the_first_version_are_kept(tmp_path):
    file = tmp_path / "old.sqlite"
    database = Database(sqlite_url(file))
    with database.write() as connection:
        upgrade(connection, "0001")
    database.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(FIRST_ROWS)

    database = Database(sqlite_url(file))
    database.migrate()

    with database.read() as connection:
        for table in ("users", "tokens", "data", "analytics", "jobs", "attempts"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 1, table
        assert connection.exec_driver_sql("SELECT owner FROM analytics").scalar() == "platform"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.close()


DATE = "'2026-01-01 00:00:00.000000'"
ROWS_BEFORE_PLAIN_NAMES = f"""
INSERT INTO users (id, name, created_at) VALUES ('u', 'alice', {DATE});
INSERT INTO analytics (id, owner, name, version, version_order, latest, scope, analytic_type, supports_cpu,
    supports_gpu, pending, upload_date, description, document) VALUES ('a', 'platform', 'n', '1', '1', true, 'public',
    'PLATFORM', true, false, false, {DATE}, 'd', '{{}}');
INSERT INTO jobs (id, owner_id, name, state, archived, upload_date, expiration_date, expired, analytic_id, compute_mode,
    auto_start, failure_type, request, output_filename, attempts_lost) VALUES ('j', 'u', 'j', 'QUEUED', false, {DATE},
    {DATE}, false, 'a', 'BEST', true, 'NONE', '{{}}', 'x', 0);
INSERT INTO attempts (id, job_id, credential_hash, stop_wanted, created_at) VALUES ('x', 'j', 'hash', true, {DATE});
INSERT INTO turns VALUES ('u', {DATE});
INSERT INTO answers VALUES ('user:u', 'key', 'print', 201, '{{}}', NULL, {DATE});
INSERT INTO passes VALUES ('p', 'reset', 'u', NULL, 'hash', {DATE}, {DATE});
INSERT INTO identities VALUES ('https://issuer', 'subject', 'u', {DATE});
INSERT INTO audit VALUES (7, {DATE}, 'a', 'account created', 'user:u', 'alice', '{{}}');
INSERT INTO spans VALUES (9, 'j', 'u', 'object', 'car', 1, NULL, 1, 5, 5, 0.2, 0.9);
UPDATE webhook_progress SET event_id = 41;
INSERT INTO renditions (maker_id, owner_id, subject, kind, variant, used_at) VALUES ('j', 'u', 'job:j', 'poster', 'v',
    {DATE})
"""
ROWS_AFTER = {
    "SELECT owner_id FROM fair_share WHERE last_served_at IS NOT NULL": "u",
    "SELECT fingerprint FROM idempotency_keys WHERE caller = 'user:u' AND key_hash = 'key' AND status = 201": "print",
    "SELECT purpose FROM one_time_keys WHERE id = 'p' AND user_id = 'u' AND key_hash = 'hash'": "reset",
    "SELECT user_id FROM oidc_identities WHERE issuer = 'https://issuer' AND subject = 'subject'": "u",
    "SELECT action FROM audit_log WHERE id = 7 AND account = 'user:u' AND account_name = 'alice'": "account created",
    "SELECT label FROM label_spans WHERE id = 9 AND job_id = 'j' AND track = 1 AND confidence > 0.8": "car",
    "SELECT last_event_id FROM webhook_cursor WHERE id = 1": 41,
    "SELECT id FROM attempts WHERE stop_requested": "x",
    "SELECT subject FROM renditions WHERE internal_job_id = 'j'": "job:j",
}


def test_rows_are_kept_when_tables_are_renamed(database):
    with database.write() as connection:
        upgrade(connection, "0014")
        for statement in ROWS_BEFORE_PLAIN_NAMES.split(";"):
            connection.exec_driver_sql(statement)

    database.migrate()

    with database.read() as connection:
        for statement, expected in ROWS_AFTER.items():
            assert connection.exec_driver_sql(statement).scalar() == expected, statement


def test_ids_continue_after_tables_are_renamed(database):
    with database.write() as connection:
        upgrade(connection, "0014")
        for statement in ROWS_BEFORE_PLAIN_NAMES.split(";"):
            connection.exec_driver_sql(statement)
    database.migrate()

    entry = {"date": dates.now(), "actor": "a", "action": "b", "account": "c", "account_name": "d", "details": {}}
    span = {"job_id": "j", "owner_id": "u", "kind": "object", "label": "bus", "first_frame": 1, "last_frame": 1,
            "frame_count": 1, "seconds": 0.1}  # fmt: skip
    with database.write() as connection:
        connection.execute(insert(audit_log).values(entry))
        connection.execute(insert(label_spans).values(span))
        assert connection.execute(select(audit_log.c.id).order_by(audit_log.c.id)).scalars().all() == [7, 8]
        assert connection.execute(select(label_spans.c.id).order_by(label_spans.c.id)).scalars().all() == [9, 10]
