"""Pages: read all rows of a table in bounded parts, so that no transaction stays open for long."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, tuple_

from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow

_PAGE_SIZE = 1000


def rows_in_order(
    database: Database, statement: Select[Any], order: Sequence[ColumnElement[Any]]
) -> Iterator[DatabaseRow]:
    """Yield the rows of ``statement`` in ``order``: columns that it selects first, and that are unique together.

    Each page is a transaction of its own. Rows that are inserted or deleted meanwhile may be missing.
    """
    position = tuple_(*order)
    page = statement.order_by(*order).limit(_PAGE_SIZE)
    while True:
        with database.read() as connection:
            rows = connection.execute(page).all()
        yield from rows
        if len(rows) < _PAGE_SIZE:
            return
        page = statement.where(position > tuple(rows[-1][: len(order)])).order_by(*order).limit(_PAGE_SIZE)
