"""SQL queries over labels: one read-only statement, within limits of time, memory and rows, with its result as a file.

DuckDB runs in a process of the sandbox. In addition, the statement cannot read or write other files than those of the
tables, cannot load extensions, and cannot change settings.
"""

import csv
import json
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxel51.labels.extras import extra
from voxel51.labels.formats.tables import escaped_formula
from voxel51.labels.sql.tables import create_tables

with extra("sql"):
    import duckdb

if TYPE_CHECKING:
    import pyarrow

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

    The JSON has ``columns`` (``name`` and ``type``), ``rows``, and ``is_complete``: false if rows were left out. The
    CSV has text as `escaped_formula` returns it, also in the header, and lists and structures as JSON.

    Raises:
        InvalidQuery: the statement is not one SELECT, is wrong or exceeds a limit, or Parquet cannot hold its result.
    """
    limits = limits or QueryLimits()
    with _database(tables, scratch, limits) as connection:
        _check(connection, sql)
        with _time_limit(connection, limits.seconds):
            try:
                _write(connection, sql, output, limits)
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
    is_over = threading.Event()

    def interrupt() -> None:
        is_over.set()
        connection.interrupt()

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except InvalidQuery:  # in whichever way the interruption has come through
        if not is_over.is_set():
            raise
        text = f"the query took longer than {seconds:g} seconds. Narrow it, or query fewer jobs"
        raise InvalidQuery(text) from None
    finally:
        timer.cancel()


def _write(connection: "duckdb.DuckDBPyConnection", sql: str, output: Path, limits: QueryLimits) -> None:
    if output.suffix == ".json":
        _write_json(connection.execute(sql), output, limits.json_rows)
    elif output.suffix == ".csv":
        _write_csv(connection.execute(sql), output, limits.rows)
    else:
        _write_parquet(connection.sql(sql), output, limits.rows)


def _write_csv(connection: "duckdb.DuckDBPyConnection", output: Path, most: int) -> None:
    with output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([escaped_formula(column[0]) for column in connection.description or ()])
        while most and (rows := connection.fetchmany(min(most, _ROWS_AT_ONCE))):
            writer.writerows([_cell(value) for value in row] for row in rows)
            most -= len(rows)


def _write_parquet(relation: "duckdb.DuckDBPyRelation", output: Path, most: int) -> None:
    import pyarrow  # noqa: PLC0415  (40 MB, and only for this)
    from pyarrow import parquet  # noqa: PLC0415

    reader = relation.to_arrow_reader(_ROWS_AT_ONCE)
    try:
        writer = parquet.ParquetWriter(str(output), reader.schema)
    except pyarrow.ArrowException as error:  # such as an interval
        raise InvalidQuery(f"Parquet cannot hold this result: {error}. Cast the column to VARCHAR") from None
    with writer:
        for batch in _batches(reader):
            writer.write_batch(batch.slice(0, most))
            most -= min(most, batch.num_rows)
            if most == 0:
                break


def _batches(reader: "pyarrow.RecordBatchReader") -> "Iterator[pyarrow.RecordBatch]":
    """Yield the batches of a result. An error of DuckDB in the middle of one comes through Arrow, as an `OSError`."""
    import pyarrow  # noqa: PLC0415  (is loaded)

    try:
        yield from reader
    except (OSError, RuntimeError, pyarrow.ArrowException) as error:
        raise InvalidQuery(str(error)) from None


def _cell(value: Any) -> Any:
    """Return a value of a result as a CSV file has it."""
    if isinstance(value, bool):
        return json.dumps(value)
    plain = value if isinstance(value, float | Decimal) else _plain(value)
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, list | dict) else escaped_formula(plain)


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
