"""Recorded usage: totals by owner and day, filled from the records, and the triggers that record each change."""

# ruff: noqa: S608  (statements of constant names)

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"

_WATCHED = {
    "data": "owner_id, storage_key, size_bytes, upload_date",
    "jobs": "owner_id, internal, start_date, completion_date, fail_date, failure_type",
}
"""Columns whose changes change the usage."""


def upgrade() -> None:
    """Add the tables, fill the totals, and add the triggers."""
    for table, key in (("usage_totals", ["owner_id", "day", "kind"]), ("usage_changes", ["id"])):
        number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
        op.create_table(
            table,
            *([sa.Column("id", number, nullable=False)] if key == ["id"] else []),
            sa.Column("owner_id", sa.String(36), nullable=False),
            sa.Column("day", sa.String(10), nullable=False),
            sa.Column("kind", sa.String(16), nullable=False),
            sa.Column("number", sa.BigInteger, nullable=False),
            sa.Column("amount", sa.BigInteger, nullable=False),
            sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"),
            sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=f"fk_{table}_owner_id_users", ondelete="CASCADE"),
        )
    op.create_index("ix_usage_totals_day", "usage_totals", ["day", "owner_id", "kind", "number", "amount"])
    op.create_index("ix_usage_changes_owner_id", "usage_changes", ["owner_id"])
    op.drop_index("ix_data_upload_date", "data")
    for select in _present():
        op.execute(f"INSERT INTO usage_totals (owner_id, day, kind, number, amount) {select}")
    for table in _WATCHED:
        if op.get_bind().dialect.name == "sqlite":
            _watch_in_sqlite(table)
        else:
            _watch_in_postgresql(table)


def _present() -> list[str]:
    """Return queries for the totals of the records that exist."""
    of_jobs = [
        f"SELECT owner_id, {_day(date)}, {kind}, count(*), sum({_milliseconds('start_date', date)}) FROM jobs "
        f"WHERE {date} IS NOT NULL AND NOT internal GROUP BY 1, 2, 3"
        for date, kind in (("completion_date", "'NONE'"), ("fail_date", "failure_type"))
    ]
    contents = (
        "SELECT owner_id, count(*) AS files, CASE WHEN storage_key IS NULL THEN 0 ELSE max(size_bytes) END AS bytes "
        "FROM data GROUP BY owner_id, storage_key"
    )
    uploaded = f"SELECT owner_id, {_day('upload_date')}, 'uploaded', count(*), sum(size_bytes) FROM data"
    return [
        # A job cannot be complete and failed, but a database that was edited may have one: count it once.
        f"SELECT owner_id, day, kind, sum(number), sum(amount) FROM ({_named(of_jobs)}) AS ended GROUP BY 1, 2, 3",
        f"SELECT owner_id, '', 'files', sum(files), sum(bytes) FROM ({contents}) AS contents GROUP BY owner_id",
        f"{uploaded} WHERE storage_key IS NOT NULL GROUP BY 1, 2",
    ]


def _named(queries: list[str]) -> str:
    names = "SELECT '' AS owner_id, '' AS day, '' AS kind, 0 AS number, 0 AS amount WHERE 1 = 0"
    return " UNION ALL ".join([names, *queries])


def _changes(table: str, row: str, sign: str) -> str:
    """Return the statement that records a row of a table: NEW with the sign +, OLD with -."""
    of_table = {"data": _of_data, "jobs": _of_job}[table](row, sign)
    return f"INSERT INTO usage_changes (owner_id, day, kind, number, amount) {' UNION ALL '.join(of_table)}; "


def _of_job(row: str, sign: str) -> list[str]:
    return [
        f"SELECT {row}.owner_id, {_day(f'{row}.{date}')}, {kind}, {sign}1, "
        f"{sign}{_milliseconds(f'{row}.start_date', f'{row}.{date}')} "
        f"WHERE {row}.{date} IS NOT NULL AND NOT {row}.internal"
        for date, kind in (("completion_date", "'NONE'"), ("fail_date", f"{row}.failure_type"))
    ]


def _of_data(row: str, sign: str) -> list[str]:
    # The bytes of data with the same content are stored once, so they count for the first and the last of them.
    others = (
        f"SELECT 1 FROM data AS other WHERE other.owner_id = {row}.owner_id "
        f"AND other.storage_key = {row}.storage_key AND other.id <> {row}.id"
    )
    is_stored = f"{row}.storage_key IS NOT NULL"
    bytes_here = f"CASE WHEN {is_stored} AND NOT EXISTS ({others}) THEN {sign}{row}.size_bytes ELSE 0 END"
    uploaded = f"SELECT {row}.owner_id, {_day(f'{row}.upload_date')}, 'uploaded', {sign}1, {sign}{row}.size_bytes"
    return [f"SELECT {row}.owner_id, '', 'files', {sign}1, {bytes_here}", f"{uploaded} WHERE {is_stored}"]


def _watch_in_sqlite(table: str) -> None:
    add, remove = _changes(table, "NEW", "+"), _changes(table, "OLD", "-")
    for event, name, statements in (
        ("INSERT", "added", add),
        ("DELETE", "removed", remove),
        (f"UPDATE OF {_WATCHED[table]}", "changed", remove + add),
    ):
        op.execute(f"CREATE TRIGGER {table}_usage_{name} AFTER {event} ON {table} BEGIN {statements}END")


def _watch_in_postgresql(table: str) -> None:
    # BEFORE: such a trigger sees what its statement has done to earlier rows. AFTER would see what it did to all.
    op.execute(
        f"CREATE FUNCTION record_usage_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP <> 'INSERT' THEN {_changes(table, 'OLD', '-')} END IF; "
        f"IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; "
        f"{_changes(table, 'NEW', '+')} RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_usage BEFORE INSERT OR DELETE OR UPDATE OF {_WATCHED[table]} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION record_usage_of_{table}()"
    )


def _day(moment: str) -> str:
    if op.get_bind().dialect.name == "sqlite":
        return f"substr({moment}, 1, 10)"
    return f"to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


def _milliseconds(begin: str, end: str) -> str:
    if op.get_bind().dialect.name == "sqlite":
        seconds = f"(julianday({end}) - julianday({begin})) * 86400"
    else:
        seconds = f"EXTRACT(EPOCH FROM ({end} - {begin}))"
    return f"CAST(round(coalesce({seconds}, 0) * 1000) AS BIGINT)"
