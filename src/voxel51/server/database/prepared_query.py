"""Prepared queries: statements that are compiled once and then executed by the driver itself.

SQLAlchemy takes many times as long as SQLite to select one row by its key: it builds the statement, looks up its
compiled form, and wraps connection, cursor and row. A query that many requests make is worth skipping that. It is
written in SQLAlchemy all the same, over the same tables and for both databases; only its execution is short.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any  # values of columns, as in `DatabaseRecord`

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from voxel51.server.database.types import DatabaseRecord

_Convert = Callable[[Any], Any]


class PreparedQuery:
    """One query with named parameters, each a `bindparam` of ``statement``. It may not contain lists (``IN``)."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}  # by the name of the dialect: a process may use both databases in tests

    def first(self, connection: Connection, **parameters: object) -> DatabaseRecord | None:
        """Return the first selected row, or None, in the transaction of ``connection``.

        Raises:
            sqlalchemy.exc.DBAPIError: the database failed.
        """
        form = self._forms.get(connection.dialect.name)
        if form is None:
            form = self._forms[connection.dialect.name] = _Form(self._statement, connection.dialect)
        try:
            with closing(connection.connection.cursor()) as cursor:
                cursor.execute(form.text, form.given(parameters))
                row = cursor.fetchone()
                return None if row is None else form.record(row, cursor.description)
        except form.driver_error as error:
            raise _failure(error, form.text, connection) from error


class _Form:
    """The query in the language of one database.

    Attributes:
        text: of the statement.
        driver_error: base of all errors of the driver.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101  (for the type checker)
        self.text, self.driver_error = str(compiled), dialect.loaded_dbapi.Error
        self._dialect = dialect
        self._positions = compiled.positiontup  # names of the parameters in order; None where the text names them
        self._constants: dict[str, object] = {}
        self._to_driver: dict[str, _Convert] = {}
        for name, bind in compiled.binds.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if not bind.required:
                self._constants[name] = bind.effective_value if convert is None else convert(bind.effective_value)
            elif convert is not None:
                self._to_driver[name] = convert
        self._columns = [(str(column.key), column.type) for column in statement.selected_columns]
        self._names = [name for name, _ in self._columns]
        self._from_driver: list[tuple[str, _Convert]] | None = None

    def given(self, parameters: Mapping[str, object]) -> Any:
        """Return the parameters, and the constants of the statement, as the driver takes them."""
        values = {**self._constants, **parameters}
        for name, convert in self._to_driver.items():
            values[name] = convert(values[name])
        return values if self._positions is None else [values[name] for name in self._positions]

    def record(self, row: Sequence[object], description: Sequence[Sequence[Any]]) -> DatabaseRecord:
        """Return a row of the driver with values of the types that the tables declare."""
        if self._from_driver is None:  # known with the first row: how to convert may depend on the driver's own types
            self._from_driver = []
            for (name, kind), (_, code, *_) in zip(self._columns, description, strict=True):
                convert = kind.dialect_impl(self._dialect).result_processor(self._dialect, code)
                if convert is not None:
                    self._from_driver.append((name, convert))
        record = dict(zip(self._names, row, strict=True))
        for name, to_python in self._from_driver:
            if record[name] is not None:
                record[name] = to_python(record[name])
        return record


def _failure(error: Exception, text: str, connection: Connection) -> BaseException:
    """Return the error of a driver as SQLAlchemy raises it, without parameters; give up a connection that is lost."""
    dialect, driver = connection.dialect, connection.connection.dbapi_connection
    is_lost = dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]  # as the drivers' errors are untyped
    if is_lost:
        connection.invalidate(error)
    return DBAPIError.instance(text, None, error, dialect.loaded_dbapi.Error, True, is_lost, dialect)
