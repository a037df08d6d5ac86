"""Cursors: opaque texts that name the place in a list where a page ended, so that an index leads to the next one.

An offset is counted row by row. A cursor costs the same at every place, and rows that are added or deleted meanwhile do
not shift it.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Self  # `Any`: of the value of any column

import msgspec
from sqlalchemy import Boolean, ColumnElement, Integer, tuple_

from voxel51.server.database.search import AnyColumn
from voxel51.server.database.types import Document, Moment
from voxel51.server.errors import BadRequest

_MAX_INTEGER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Order:
    """Order of a list: by a column, and among equals by the identity.

    Attributes:
        name: the order as queries write it, such as ``upload_date:desc``.
        column: column to sort by.
        identity: unique column.
        descending: whether both are sorted in descending order.
        nulls_first: whether rows without a value come first; databases differ in this.
    """

    name: str
    column: AnyColumn
    identity: AnyColumn
    descending: bool
    nulls_first: bool

    def clauses(self) -> tuple[ColumnElement[Any], ...]:
        """Return the columns for ORDER BY."""
        columns = (self.column,) if self.column is self.identity else (self.column, self.identity)
        return tuple(column.desc() if self.descending else column.asc() for column in columns)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Place of a row in a list.

    Attributes:
        order: name of the order of the list.
        value: of the column to sort by.
        identity: of the row.
        count: number of matches, as counted for the first page.
        is_count_exact: whether there are no more matches than these.
    """

    order: str
    value: object
    identity: object
    count: int
    is_count_exact: bool

    def encode(self) -> str:
        """Return the cursor as text for a URL."""
        document = msgspec.json.encode(astuple(self))
        return base64.urlsafe_b64encode(document).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, order: Order) -> Self:
        """Return the cursor in ``text``.

        Raises:
            BadRequest: the text is not a cursor of a list in this order.
        """
        try:
            document = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
            name, value, identity, count, is_exact = msgspec.json.decode(document, type=tuple[str, Any, Any, int, bool])
            if name == order.name and 0 <= count <= _MAX_INTEGER and identity is not None:
                place = (_checked(order.column, value), _checked(order.identity, identity))
                return cls(name, *place, count, is_exact)
        except (binascii.Error, msgspec.DecodeError, UnicodeError, TypeError, ValueError):
            pass
        raise BadRequest(
            f"Invalid cursor {text!r:.100}: send the next_cursor of the page before, with the same query and sort"
        )


def _checked(column: AnyColumn, value: object) -> object:
    """Return a value from a cursor as the column has it; raise TypeError or ValueError if it cannot have it."""
    if value is None:
        return None
    if isinstance(column.type, Moment):
        return datetime.fromisoformat(str(value))
    if isinstance(column.type, Boolean | Integer):
        kind: type = bool if isinstance(column.type, Boolean) else int
    else:
        kind = dict if isinstance(column.type, Document) else str
    if type(value) is not kind or "\0" in str(value):
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    if isinstance(value, int) and abs(value) > _MAX_INTEGER:
        raise ValueError(f"{value!r} is too large for a column")
    return value


def parts_after(cursor: Cursor | None, order: Order) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """Yield conditions of the parts of a list after a cursor, in their order; without a cursor, of the whole list.

    Rows without a value are a part of their own. One condition for both would be an OR, for which databases do not seek
    in the index.
    """
    if cursor is None:
        yield ()
        return
    column, identity = order.column, order.identity
    after_identity = _beyond(identity, cursor.identity, order)
    if column is identity:
        yield (after_identity,)
    elif cursor.value is None:
        yield column.is_(None), after_identity
        if order.nulls_first:
            yield (column.is_not(None),)
    else:
        yield (_beyond(tuple_(column, identity), (cursor.value, cursor.identity), order),)
        if getattr(column, "nullable", True) and not order.nulls_first:
            yield (column.is_(None),)


def _beyond(position: ColumnElement[Any], place: object, order: Order) -> ColumnElement[bool]:
    return position < place if order.descending else position > place
