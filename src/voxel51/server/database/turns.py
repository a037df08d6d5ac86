"""What only one transaction may do at a time, on databases that would let several."""

import zlib
from collections.abc import Iterable

from sqlalchemy import Connection, text


def take_turn(connection: Connection, *whats: str) -> None:
    """Wait until no other transaction is at any of ``whats``, and keep others waiting until this one ends.

    Who needs several takes them in one call, so that nobody waits for somebody who waits for him. SQLite lets one
    transaction write at a time, so there is nothing to wait for.
    """
    if connection.dialect.name == "postgresql":
        for number in _numbers(whats):
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def _numbers(whats: Iterable[str]) -> list[int]:
    return sorted({zlib.crc32(what.encode()) for what in whats})
