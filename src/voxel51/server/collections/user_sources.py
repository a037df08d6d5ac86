"""Sources of users: folders and prefixes of buckets that users register, and the collections that get their files."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, insert, select

from voxel51.server.accounts.callers import User
from voxel51.server.collections.access import collection_for
from voxel51.server.collections.tables import source_collections
from voxel51.server.data.in_place import InPlaceService, file_counts
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.wire import dates
from voxel51.wire.collections import CollectionRole
from voxel51.wire.data import DataSource, DataSources, NewDataSource


class UserSourceService:
    """Sources of users. ``changed`` wakes the process that lists them."""

    def __init__(self, database: Database, in_place: InPlaceService, changed: Callable[[], object]) -> None:
        self._database = database
        self._in_place = in_place
        self._changed = changed

    def all(self, owner: User) -> DataSources:
        """Return the sources of a user, also those that an operator registered, and where the user may register more.

        The oldest source is the first.
        """
        with self._database.read() as connection:
            records = _records(connection, self._in_place.of_owner(connection, owner))
        return {"sources": records, "locations": self._in_place.locations_of(owner)}

    def add(self, owner: User, new: NewDataSource) -> DataSource:
        """Register a source and return it.

        Raises:
            BadRequest, Conflict, OverQuota: as `InPlaceService.add_by_user` does.
            NotFound, Forbidden: the user may not add data to the collection.
        """
        collection_id = new.get("collection")

        def collect(connection: Connection, source_id: str) -> None:
            if collection_id is not None:
                collection_for(connection, owner, collection_id, CollectionRole.EDITOR)
                row = {"source_id": source_id, "collection_id": collection_id}
                connection.execute(insert(source_collections).values(row))

        source_id = self._in_place.add_by_user(owner, new["location"], collect)
        self._changed()
        return next(each for each in self.all(owner)["sources"] if each["id"] == source_id)

    def delete(self, owner: User, source_id: str) -> None:
        """Forget a source that the user registered. Its files stay; their records are deleted.

        Raises:
            NotFound, Forbidden: as `InPlaceService.remove_by_user` does.
        """
        self._in_place.remove_by_user(owner, source_id)
        self._changed()


def _records(connection: Connection, rows: Sequence[DatabaseRow]) -> list[DataSource]:
    ids = [row.id for row in rows]
    chosen = select(source_collections).where(source_collections.c.source_id.in_(ids))
    collections = {row.source_id: row.collection_id for row in connection.execute(chosen)}
    counts = file_counts(connection, ids)
    return [
        {
            "id": row.id,
            "location": row.location,
            "created_date": dates.to_text(row.created_at),
            "scanned_date": None if row.scanned_at is None else dates.to_text(row.scanned_at),
            "registered_by": "user" if row.by_user else "operator",
            "collection": collections.get(row.id),
            "files": counts.get(row.id, 0),
            "problem": row.problem,
            "left_out": row.left_out,
        }
        for row in rows
    ]
