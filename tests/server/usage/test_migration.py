"""The migration to the usage ledger: it begins with the files and jobs that are on record."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

from sqlalchemy import text

from voxel51.server.database import migrations
from voxel51.server.database.database import Database
from voxel51.server.database.migrations import upgrade
from voxel51.server.usage.ledger import UsageLedger

BEFORE = "'2026-01-31 12:00:00.000000'"
AFTER = "'2026-02-01 12:00:00.000000'"
ROWS = f"""
INSERT INTO users (id, name, created_at) VALUES ('u', 'alice', {BEFORE});
INSERT INTO data (id, owner_id, name, size_bytes, upload_date, expiration_date, storage_key) VALUES
    ('d', 'u', 'a', 10, {BEFORE}, {AFTER}, 'k'), ('e', 'u', 'a', 10, {AFTER}, {AFTER}, 'k');
INSERT INTO analytics (id, owner, name, version, version_order, latest, scope, analytic_type, supports_cpu,
    supports_gpu, pending, upload_date, description, document) VALUES ('a', 'platform', 'n', '1', '1', true, 'public',
    'PLATFORM', true, false, false, {BEFORE}, 'd', '{{}}');
INSERT INTO jobs (id, owner_id, name, state, archived, internal, upload_date, expiration_date, expired, analytic_id,
    compute_mode, auto_start, failure_type, request, output_filename, attempts_lost, start_date, completion_date,
    fail_date) VALUES
    ('j', 'u', 'j', 'COMPLETE', false, false, {BEFORE}, {AFTER}, false, 'a', 'BEST', true, 'NONE', '{{}}', 'x', 0,
     {BEFORE}, {AFTER}, NULL),
    ('k', 'u', 'j', 'FAILED', false, false, {BEFORE}, {AFTER}, false, 'a', 'BEST', true, 'USER', '{{}}', 'x', 0,
     NULL, NULL, {AFTER}),
    ('l', 'u', 'j', 'COMPLETE', false, true, {BEFORE}, {AFTER}, false, 'a', 'BEST', true, 'NONE', '{{}}', 'x', 0,
     {BEFORE}, {AFTER}, NULL),
    ('m', 'u', 'j', 'QUEUED', false, false, {BEFORE}, {AFTER}, false, 'a', 'BEST', true, 'NONE', '{{}}', 'x', 0,
     NULL, NULL, NULL)
"""


def test_the_ledger_begins_with_what_is_on_record(empty_database_url: str) -> None:
    [file] = Path(migrations.__file__).parent.glob("versions/*_usage_ledger.py")
    present = import_module(f"voxel51.server.database.migrations.versions.{file.stem}")
    database = Database(empty_database_url)
    with database.write() as connection:
        upgrade(connection, present.down_revision)
        for statement in ROWS.split(";"):
            connection.execute(text(statement.replace(":00:00", r"\:00\:00")))
    database.migrate()

    ledger = UsageLedger(database, timedelta(days=1))
    [january], [february] = (ledger.month(month)["owners"] for month in ("2026-01", "2026-02"))
    database.close()

    begin = datetime(2026, 2, 1, tzinfo=UTC)
    assert january["byte_seconds"] == 10 * (begin - datetime(2026, 1, 31, 12, tzinfo=UTC)).total_seconds()
    assert (february["stored_bytes"], february["byte_seconds"]) == (10, 10 * 28 * 24 * 3600)
    assert (january["completed"], february["completed"], february["failed"]) == (0, 1, 1)
    assert february["job_seconds"] == 24 * 3600
