"""How long it is from one moment to another, in SQL."""

from typing import Any

from sqlalchemy import Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class seconds_between(FunctionElement[float]):  # noqa: N801  (called as a function of SQL)
    """Seconds from its first to its second argument, which are moments; null where one of them is."""

    type = Float()
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _in_sqlite(element: seconds_between, compiler: SQLCompiler, **more: Any) -> str:
    begin, end = (compiler.process(argument, **more) for argument in element.clauses)
    return f"((julianday({end}) - julianday({begin})) * 86400.0)"


@compiles(seconds_between, "postgresql")
def _in_postgresql(element: seconds_between, compiler: SQLCompiler, **more: Any) -> str:
    begin, end = (compiler.process(argument, **more) for argument in element.clauses)
    return f"EXTRACT(EPOCH FROM ({end} - {begin}))::float8"
