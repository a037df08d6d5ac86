"""Matching data: the ids of all data that match a search, in parts, so that one request changes many in short steps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from voxel51.server.database.database import Database
from voxel51.server.database.search import Query, Term
from voxel51.wire.data import DataList

MOST_MATCHES = 100_000
"""Number of data that one request changes by a search."""

_BATCH_SIZE = 500


@dataclass
class Matches:
    """Search for data. ``page`` reads one page; ``is_broken_off`` is whether there are more than `MOST_MATCHES`."""

    page: Callable[[Connection, Query], DataList]
    search: Sequence[Term]
    is_broken_off: bool = False

    def parts(self, database: Database) -> Iterator[Sequence[str]]:
        """Yield the ids in parts, in the order of the ids, so that changes between two parts leave none out."""
        cursor, count = None, 0
        while True:
            query = Query(
                fields=("id",), search=tuple(self.search), sort=("id", False), limit=_BATCH_SIZE, cursor=cursor
            )
            with database.read() as connection:
                page = self.page(connection, query)
            yield [record["id"] for record in page["data"]]
            count, cursor = count + len(page["data"]), page["next_cursor"]
            if cursor is None:
                return
            if count >= MOST_MATCHES:
                self.is_broken_off = True
                return
