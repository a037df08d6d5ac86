"""Last writes: rows that a transaction writes just before it is committed, for which it then takes a lock.

A lock that many transactions take must be the last one of each: a transaction that holds it and waits for a row would
keep all others waiting, and a transaction that holds the row and waits for the lock would never get it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

LastWriter = Callable[[Connection, Sequence[Any]], None]
"""Function that writes all rows that a transaction has noted for it."""

_KEY = "voxel51 last writes"


@contextmanager
def last_writes(connection: Connection) -> Iterator[None]:
    """Write what is noted in the block at its end. The block is the whole transaction."""
    noted: list[tuple[LastWriter, Any]] = []
    connection.info[_KEY] = noted
    try:
        yield
    finally:
        del connection.info[_KEY]  # it belongs to the connection, which others use afterwards
    rows_of: dict[LastWriter, list[Any]] = {}
    for writer, row in noted:
        rows_of.setdefault(writer, []).append(row)
    for writer, rows in rows_of.items():
        writer(connection, rows)


@contextmanager
def rolled_back_alone(connection: Connection) -> Iterator[None]:
    """Drop what is noted in the block if it raises: its other writes are rolled back, too."""
    noted: list[tuple[LastWriter, Any]] = connection.info.get(_KEY, [])
    before = len(noted)
    try:
        yield
    except BaseException:
        del noted[before:]
        raise


def write_last(connection: Connection, writer: LastWriter, rows: Sequence[Any]) -> None:
    """Note rows, which ``writer`` writes at the end of the transaction.

    In a transaction that is not one of `Database.write`, it writes them at once.
    """
    noted: list[tuple[LastWriter, Any]] | None = connection.info.get(_KEY)
    if noted is None:
        writer(connection, rows)
    else:
        noted.extend((writer, row) for row in rows)
