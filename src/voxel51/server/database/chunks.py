"""Chunks of ids: divide many ids among statements or transactions. Databases limit the parameters of a statement."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

CHUNK = 500
"""Number of ids in one statement, unless a caller says otherwise."""

Item = TypeVar("Item")


def in_chunks(items: Sequence[Item], size: int = CHUNK) -> Iterator[Sequence[Item]]:
    """Yield the items in their order, ``size`` at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))
