"""Advisory locks: let one transaction at a time work on something that has a name but no row to lock."""

import zlib
from collections.abc import Iterable

from sqlalchemy import Connection, text


def acquire_advisory_locks(connection: Connection, *names: str) -> None:
    """Wait until no other transaction holds a lock of one of these names, and hold all of them until this one ends.

    A transaction that needs several locks takes them in one call: they are acquired in a fixed order, so that two
    transactions never wait for each other. On SQLite this does nothing: only one transaction can write at a time.
    """
    if connection.dialect.name == "postgresql":
        for number in _lock_numbers(names):
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def _lock_numbers(names: Iterable[str]) -> list[int]:
    # PostgreSQL identifies advisory locks by integers. Two names with the same checksum share a lock, which costs
    # some waiting and is otherwise harmless. Sorting gives the fixed order that prevents deadlocks.
    return sorted({zlib.crc32(name.encode()) for name in names})
