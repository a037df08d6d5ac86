"""Column types and SQL functions that behave the same on SQLite and PostgreSQL, and the type of a database row."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any  # of rows and `without_index` only

from sqlalchemy import Boolean, ColumnElement, DateTime, Dialect, Float, Row, Text, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

DatabaseRow = Row[*tuple[Any, ...]]
"""A row whose columns are read as attributes. SQLAlchemy does not know the types of columns by name."""


DatabaseRecord = Mapping[Any, Any]
"""A row whose columns are read as items."""


class Moment(TypeDecorator[datetime]):
    """A point in time, in UTC. Python gets an aware datetime; SQLite, which has no time zones, stores UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: D102
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, D102
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Document(TypeDecorator[object]):
    """A JSON document, stored as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002, D102
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:  # noqa: ARG002, D102
        if value is None:
            return None
        document: object = json.loads(value)
        return document


class seconds_between(FunctionElement[float]):  # noqa: N801  (called as a function of SQL)
    """Seconds from its first to its second argument, both of type `Moment`; null if one of them is null."""

    type = Float()
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _in_sqlite(element: seconds_between, compiler: SQLCompiler, **options: object) -> str:
    begin, end = (compiler.process(argument, **options) for argument in element.clauses)
    return f"((julianday({end}) - julianday({begin})) * 86400.0)"


@compiles(seconds_between, "postgresql")
def _in_postgresql(element: seconds_between, compiler: SQLCompiler, **options: object) -> str:
    begin, end = (compiler.process(argument, **options) for argument in element.clauses)
    return f"EXTRACT(EPOCH FROM ({end} - {begin}))::float8"


class json_entries(FunctionElement[str]):  # noqa: N801  (called as a function of SQL)
    """Rows with ``key`` and ``value`` of the entries of an object in a `Document`: the column, and the object's key."""

    type = Text()
    inherit_cache = True


@compiles(json_entries, "sqlite")
def _entries_in_sqlite(element: json_entries, compiler: SQLCompiler, **options: object) -> str:
    document, key = (compiler.process(argument, **options) for argument in element.clauses)
    return f"json_each({document}, '$.' || {key})"


@compiles(json_entries, "postgresql")
def _entries_in_postgresql(element: json_entries, compiler: SQLCompiler, **options: object) -> str:
    document, key = (compiler.process(argument, **options) for argument in element.clauses)
    return f"json_each({document}::json -> {key})"


class json_collected(FunctionElement[object]):  # noqa: N801  (called as a function of SQL)
    """Aggregate: one `Document` with the entries of all rows, which are two arguments, the key and the value."""

    type = Document()
    inherit_cache = True


@compiles(json_collected, "sqlite")
def _collected_in_sqlite(element: json_collected, compiler: SQLCompiler, **options: object) -> str:
    return f"json_group_object({compiler.process(element.clauses, **options)})"


@compiles(json_collected, "postgresql")
def _collected_in_postgresql(element: json_collected, compiler: SQLCompiler, **options: object) -> str:
    return f"coalesce(json_object_agg({compiler.process(element.clauses, **options)}), '{{}}')::text"


class json_entry(FunctionElement[str]):  # noqa: N801  (called as a function of SQL)
    """Text of the entry of a `Document` under a key: two arguments, the column and the key as a literal text."""

    type = Text()
    inherit_cache = True


@compiles(json_entry, "sqlite")
def _entry_in_sqlite(element: json_entry, compiler: SQLCompiler, **options: object) -> str:
    document, key = (compiler.process(argument, **options) for argument in element.clauses)
    return f"json_extract({document}, '$.' || {key})"


@compiles(json_entry, "postgresql")
def _entry_in_postgresql(element: json_entry, compiler: SQLCompiler, **options: object) -> str:
    document, key = (compiler.process(argument, **options) for argument in element.clauses)
    return f"({document}::json ->> {key})"


class without_index(FunctionElement[Any]):  # noqa: N801  (called as a function of SQL)
    """A column for which SQLite uses no index, so that another one, such as that of the order, is used instead.

    PostgreSQL chooses by its statistics.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(without_index, "sqlite")
def _unindexed_in_sqlite(element: without_index, compiler: SQLCompiler, **options: object) -> str:
    (column,) = element.clauses
    return f"+{compiler.process(column, **options)}"


@compiles(without_index, "postgresql")
def _unindexed_in_postgresql(element: without_index, compiler: SQLCompiler, **options: object) -> str:
    (column,) = element.clauses
    return compiler.process(column, **options)


def contains_text(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Return the condition that ``text`` is a part of the column's text; upper and lower case are the same."""
    escaped = text.lower().replace("/", "//").replace("%", "/%").replace("_", "/_")
    return _matches_pattern(column, literal(f"%{escaped}%"))


class _matches_pattern(FunctionElement[bool]):  # noqa: N801  (called as a function of SQL)
    """A column and a pattern of LIKE in lower case, with ``/`` as the escape character."""

    type = Boolean()
    inherit_cache = True


@compiles(_matches_pattern, "sqlite")
def _matches_in_sqlite(element: _matches_pattern, compiler: SQLCompiler, **options: object) -> str:
    # SQLite's own LIKE ignores the case of ASCII only. Texts with other characters are folded by Python, which takes
    # longer than all the rest of the comparison.
    column, pattern = (compiler.process(argument, **options) for argument in element.clauses)
    has_others = f"length({column}) <> length(CAST({column} AS BLOB))"
    return f"(CASE WHEN {has_others} THEN lower({column}) ELSE {column} END LIKE {pattern} ESCAPE '/')"


@compiles(_matches_pattern, "postgresql")
def _matches_in_postgresql(element: _matches_pattern, compiler: SQLCompiler, **options: object) -> str:
    column, pattern = (compiler.process(argument, **options) for argument in element.clauses)
    condition = f"lower({column}) LIKE {pattern} ESCAPE '/'"
    # PostgreSQL takes most patterns for rare, and would read and sort all rows instead of walking along an index. Of an
    # expression that it does not know, it assumes that half of the rows match.
    is_walk = isinstance(next(iter(element.clauses)), without_index)
    return f"coalesce({condition}, false)" if is_walk else f"({condition})"
