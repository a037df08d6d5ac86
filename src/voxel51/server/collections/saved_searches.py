"""Saved searches: searches of data that a user keeps under a name."""

from sqlalchemy import delete, func, insert, select

from voxel51.server.accounts.callers import User
from voxel51.server.collections.service import clean_title
from voxel51.server.collections.tables import saved_searches
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, NotFound
from voxel51.wire.collections import SavedSearch, SavedSearchChange

MAX_SEARCHES = 200
"""Number of searches that one user can save."""

_MAX_LENGTH = 4096
_MAX_SORT = 64


class SavedSearchService:
    """Saved searches. Every method sees only those of the given owner."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, owner: User) -> list[SavedSearch]:
        """Return the searches, in the order of their names."""
        of_owner = select(saved_searches).where(saved_searches.c.owner_id == owner.id)
        with self._database.read() as connection:
            rows = connection.execute(of_owner.order_by(saved_searches.c.name)).all()
        return [{"name": row.name, "search": row.search, "sort": row.sort} for row in rows]

    def put(self, owner: User, name: str, change: SavedSearchChange) -> SavedSearch:
        """Save a search; it replaces one of this name.

        Raises:
            BadRequest: the name or the search is invalid, or there are too many.
        """
        name, search, sort = clean_title(name, "search"), change["search"].strip(), change.get("sort") or None
        if name in {".", ".."}:
            raise BadRequest(f"{name!r} is not a valid name of a search: web addresses cannot contain it. Add a letter")
        if not search or len(search) > _MAX_LENGTH or len(sort or "") > _MAX_SORT:
            raise BadRequest(f"A search has 1 to {_MAX_LENGTH} characters, and its sort at most {_MAX_SORT}")
        mine = saved_searches.c.owner_id == owner.id
        with self._database.write() as connection:
            acquire_advisory_locks(connection, f"searches of {owner.id}")
            connection.execute(delete(saved_searches).where(mine, saved_searches.c.name == name))
            if connection.execute(select(func.count()).where(mine)).scalar_one() >= MAX_SEARCHES:
                raise BadRequest(f"You have {MAX_SEARCHES} saved searches, which is the limit. Delete one")
            row = {"owner_id": owner.id, "name": name, "search": search, "sort": sort}
            connection.execute(insert(saved_searches).values(row))
        return {"name": name, "search": search, "sort": sort}

    def delete(self, owner: User, name: str) -> None:
        """Delete a search.

        Raises:
            NotFound: the owner has no such search.
        """
        with self._database.write() as connection:
            mine = (saved_searches.c.owner_id == owner.id, saved_searches.c.name == name)
            if connection.execute(delete(saved_searches).where(*mine)).rowcount == 0:
                raise NotFound(f"Saved search {name!r:.150} not found. List your searches to see their names")
