"""SQL queries over labels: one read-only statement, within limits of time, memory and rows, with its result as a file.

DuckDB runs in a process of the sandbox. In addition, the statement cannot read or write other files than those of the
tables, cannot load extensions, and cannot change settings.
"""

import json
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from voxel51.labels.extras import extra
from voxel51.labels.sql.tables import create_tables

with extra("sql"):
    import duckdb

FORMATS = {"json": ".json", "csv": ".csv", "parquet": ".parquet"}
_ROWS_AT_ONCE = 10_000


class InvalidQuery(ValueError):
    """The statement is invalid, or exceeds a limit; the text says how."""


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """Limits of a query.

    Attributes:
        seconds: time for which the statement may run.
        memory_mb: memory of DuckDB in megabytes; beyond it, DuckDB writes to its scratch folder where it can.
        rows: rows of the result; the others are left out.
        json_rows: rows of a result in JSON.
        threads: number of threads.
    """

    seconds: float = 60.0
    memory_mb: int = 1000
    rows: int = 1_000_000
    json_rows: int = 10_000
    threads: int = 2


@dataclass(frozen=True, slots=True)
class LabelTables:
    """Sources of the tables: the arguments of `create_tables`."""

    videos: Sequence[Mapping[str, Any]]
    jobs: Sequence[Mapping[str, Any]]
    files: Mapping[str, Path]


def run_query(sql: str, tables: LabelTables, output: Path, scratch: Path, limits: QueryLimits | None = None) -> None:
    """Run ``sql`` and write its result to ``output``, whose suffix is one of `FORMATS`.

    The JSON has ``columns`` (``name`` and ``type``), ``rows``, and ``is_complete``: false if rows were left out.

    Raises:
        InvalidQuery: the statement is not one SELECT, is wrong, or exceeds a limit.
    """
    limits = limits or QueryLimits()
    with _database(tables, scratch, limits) as connection:
        _check(connection, sql)
        with _time_limit(connection, limits.seconds):
            try:
                _write(connection, sql, output, limits)
            except duckdb.InterruptException:
                text = f"the query took longer than {limits.seconds:g} seconds. Narrow it, or query fewer jobs"
                raise InvalidQuery(text) from None
            except duckdb.OutOfMemoryException:
                text = f"the query needs more than {limits.memory_mb} MB of memory. Group or filter earlier"
                raise InvalidQuery(text) from None
            except duckdb.Error as error:
                raise InvalidQuery(str(error)) from None


@contextmanager
def _database(tables: LabelTables, scratch: Path, limits: QueryLimits) -> "Iterator[duckdb.DuckDBPyConnection]":
    spill = scratch / "spill"
    spill.mkdir()
    settings: dict[str, Any] = {
        "threads": limits.threads,
        "memory_limit": f"{limits.memory_mb}MB",
        "temp_directory": str(spill),
        "max_temp_directory_size": "4GB",
        "python_enable_replacements": False,  # names of tables would otherwise find variables of this process
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=settings)
    try:
        paths = create_tables(connection, tables.videos, tables.jobs, tables.files, scratch)
        connection.execute("SET allowed_paths = $1", [[str(path) for path in paths]])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


def _check(connection: "duckdb.DuckDBPyConnection", sql: str) -> None:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise InvalidQuery(str(error)) from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise InvalidQuery("a query is one SELECT statement; others, such as COPY, ATTACH or SET, are not allowed")


@contextmanager
def _time_limit(connection: "duckdb.DuckDBPyConnection", seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _write(connection: "duckdb.DuckDBPyConnection", sql: str, output: Path, limits: QueryLimits) -> None:
    if output.suffix == ".json":
        _write_json(connection.execute(sql), output, limits.json_rows)
        return
    from pyarrow import csv, parquet  # noqa: PLC0415  (40 MB, and only for this)

    most = limits.rows
    reader = connection.sql(sql).to_arrow_reader(_ROWS_AT_ONCE)
    kind = csv.CSVWriter if output.suffix == ".csv" else parquet.ParquetWriter
    with kind(str(output), reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch.slice(0, most))
            most -= min(most, batch.num_rows)
            if most == 0:
                break


def _write_json(connection: "duckdb.DuckDBPyConnection", output: Path, most: int) -> None:
    described = [(column[0], str(column[1])) for column in connection.description or ()]
    columns = [{"name": name, "type": kind} for name, kind in described]
    count, is_complete = 0, True
    with output.open("w", encoding="utf-8") as file:
        file.write(f'{{"columns":{json.dumps(columns)},"rows":[')
        while is_complete and (rows := connection.fetchmany(_ROWS_AT_ONCE)):
            for row in rows[: most - count]:
                text = json.dumps([_plain(value) for value in row], ensure_ascii=False, allow_nan=False)
                file.write(("," if count else "") + text)
                count += 1
            is_complete = count < most
        if not is_complete:
            is_complete = not connection.fetchmany(1)
        file.write(f'],"is_complete":{json.dumps(is_complete)}}}')


def _plain(value: Any) -> Any:  # noqa: PLR0911  (of any SQL type, one line for each)
    """Return a value of a result as JSON has it: numbers that JSON lacks become null, other types text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return value if isinstance(value, str | int | bool | None) else str(value)
