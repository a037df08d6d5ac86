"""Moved records: copy all tables of one database into another, of any kind, and compare them row by row."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, Table, func, insert, select, text

# Importing a module of tables declares them: together, these declare all.
import voxel51.server.accounts.tables
import voxel51.server.analytics.network.tables
import voxel51.server.analytics.tables
import voxel51.server.collections.tables
import voxel51.server.data.tables
import voxel51.server.database.expiry_clock
import voxel51.server.datasets.tables
import voxel51.server.events.tables
import voxel51.server.http.idempotency
import voxel51.server.job_batches.tables
import voxel51.server.jobs.pipeline_tables
import voxel51.server.jobs.split_tables
import voxel51.server.jobs.tables
import voxel51.server.pipelines.tables
import voxel51.server.renditions.tables
import voxel51.server.reviews.tables
import voxel51.server.rules.tables
import voxel51.server.schedules.tables
import voxel51.server.scheduling.tables
import voxel51.server.search.tables
import voxel51.server.secrets.tables
import voxel51.server.usage.tables
import voxel51.server.webhooks.tables  # noqa: F401
from voxel51.server.database.database import Database
from voxel51.server.database.schema import FILLED_BY_TRIGGERS, metadata
from voxel51.server.database.tables import platform
from voxel51.server.database.types import DatabaseRow

_ROWS_AT_ONCE = 500
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class TableSummary:
    """Number of the rows of a table, and a hash of all of them that does not depend on their order."""

    rows: int
    sha256: str


def copy_records(source: Database, target: Database) -> Mapping[str, TableSummary]:
    """Replace all records of ``target``, but the row of its platform, in one transaction; return what was copied.

    An interrupted copy leaves ``target`` as it was. Both must have the newest schema, and nothing may write to
    ``source`` meanwhile.
    """
    summaries = {}
    with source.read() as present, target.write() as connection:
        for table in reversed(_tables()):
            connection.execute(table.delete())
        for table in _tables():
            if table.info == FILLED_BY_TRIGGERS:  # forget what they inserted for the rows that were copied
                connection.execute(table.delete())
            summary = _Summary()
            for rows in _pages(present, table):
                summary.add(rows)
                connection.execute(insert(table), [dict(row._mapping) for row in rows])
            _continue_numbers(connection, table)
            summaries[table.name] = summary.result()
    return summaries


def summarize(database: Database) -> Mapping[str, TableSummary]:
    """Return the summary of each table but that of the platform."""
    summaries = {}
    with database.read() as connection:
        for table in _tables():
            summary = _Summary()
            for rows in _pages(connection, table):
                summary.add(rows)
            summaries[table.name] = summary.result()
    return summaries


def _tables() -> list[Table]:
    """Return the tables, each after those that it refers to, and last those that triggers of others fill."""
    tables = [table for table in metadata.sorted_tables if table is not platform]
    return sorted(tables, key=lambda table: table.info == FILLED_BY_TRIGGERS)


def _pages(connection: Connection, table: Table) -> Iterator[Sequence[DatabaseRow]]:
    result = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
    yield from result.partitions()


def _continue_numbers(connection: Connection, table: Table) -> None:
    """Let numbers that PostgreSQL counts itself go on after the highest one that was copied."""
    key = [*table.primary_key]
    if connection.dialect.name != "postgresql" or len(key) != 1 or not isinstance(key[0].type, Integer | BigInteger):
        return
    name = f"{table.name}"
    sequence = connection.execute(select(func.pg_get_serial_sequence(name, key[0].name))).scalar()
    highest = connection.execute(select(func.max(key[0]))).scalar()
    if sequence is not None and highest is not None:
        connection.execute(text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest})


class _Summary:
    """Summary of rows that are added in any order: databases sort texts differently."""

    def __init__(self) -> None:
        self._rows = 0
        self._sum = 0

    def add(self, rows: Sequence[DatabaseRow]) -> None:
        self._rows += len(rows)
        for row in rows:
            digest = hashlib.sha256(repr([_plain(value) for value in row]).encode()).digest()
            self._sum = (self._sum + int.from_bytes(digest)) % 2 ** (8 * _HASH_BYTES)

    def result(self) -> TableSummary:
        return TableSummary(self._rows, self._sum.to_bytes(_HASH_BYTES).hex())


def _plain(value: Any) -> Any:  # of any column
    return bytes(value) if isinstance(value, memoryview | bytearray) else value
