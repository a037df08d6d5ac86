"""Text index: trigrams of the texts by which jobs and data are searched, so that a search need not compare all texts.

SQLite: a full-text table for each, kept in step by triggers. A table that is copied by a later migration loses its
triggers: that migration must create them again. PostgreSQL: indexes of the extension pg_trgm. A user who may not create
it has no index, and searches compare all texts of an owner.
"""

# ruff: noqa: S608  (statements of constant names)

import logging
from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

log = logging.getLogger(__name__)

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "jobs": {"id": "id", "name": "name"},
    "data": {"id": "id", "name": "name", "type": "media_type"},
}
"""Columns by the names of the fields, of each table."""

_IS_LISTED = {"jobs": "NOT {}internal", "data": "true"}
"""Condition of the records that are indexed."""


def upgrade() -> None:
    """Create the index of both tables, and fill it."""
    for table in _FIELDS:
        if op.get_bind().dialect.name == "sqlite":
            _create_in_sqlite(table)
        elif _has_trigrams():
            for column in _FIELDS[table].values():
                op.execute(f"CREATE INDEX ix_{table}_text_{column} ON {table} USING gin (lower({column}) gin_trgm_ops)")


def _create_in_sqlite(table: str) -> None:
    op.execute(f"CREATE TABLE {table}_texts (number INTEGER PRIMARY KEY, record_id VARCHAR(36) NOT NULL UNIQUE)")
    op.execute(
        f"CREATE VIRTUAL TABLE {table}_words USING fts5(words, content='', detail=none, columnsize=0, tokenize='ascii')"
    )
    listed = _IS_LISTED[table]
    op.execute(f"INSERT INTO {table}_texts (record_id) SELECT id FROM {table} WHERE {listed.format('')}")
    op.execute(
        f"INSERT INTO {table}_words (rowid, words) SELECT number, {_words(table, 'record')} "
        f"FROM {table}_texts JOIN {table} AS record ON record.id = record_id"
    )
    add = (
        f"INSERT INTO {table}_texts (record_id) VALUES (NEW.id); "
        f"INSERT INTO {table}_words (rowid, words) "
        f"SELECT number, {_words(table, 'NEW')} FROM {table}_texts WHERE record_id = NEW.id; "
    )
    remove = (
        f"INSERT INTO {table}_words ({table}_words, rowid, words) "
        f"SELECT 'delete', number, {_words(table, 'OLD')} FROM {table}_texts WHERE record_id = OLD.id; "
        f"DELETE FROM {table}_texts WHERE record_id = OLD.id; "
    )
    columns = ", ".join(["owner_id", "application_id", *_FIELDS[table].values()])
    for event, name, row, statements in (
        ("INSERT", "added", "NEW.", add),
        ("DELETE", "removed", "OLD.", remove),
        (f"UPDATE OF {columns}", "changed", "NEW.", remove + add),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_text_{name} AFTER {event} ON {table} WHEN {listed.format(row)} "
            f"BEGIN {statements}END"
        )


def _words(table: str, row: str) -> str:
    """Return the call of the function that makes the words of a record (see ``text_index.py``)."""
    texts = ", ".join(f"'{field}', {row}.{column}" for field, column in _FIELDS[table].items())
    return f"indexed_words({row}.owner_id, {row}.application_id, {texts})"


def _has_trigrams() -> bool:
    """Return whether PostgreSQL has the extension pg_trgm; create it if it can be created."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except sa.exc.DBAPIError as error:
        log.warning("searches for a part of a name are slow in long lists: pg_trgm cannot be created: %s", error.orig)
        return False
    return True
