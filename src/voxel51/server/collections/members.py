"""Members of collections: add and remove data, list them for all readers of the collection, and read one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, delete, func, insert, select

from voxel51.server.accounts.callers import User
from voxel51.server.collections.access import collection_for
from voxel51.server.collections.filters import RELATIONS
from voxel51.server.collections.tables import collection_members
from voxel51.server.data.labelling import COMPUTED as LABELLING_COMPUTED
from voxel51.server.data.labelling import RELATIONS as LABELLING_RELATIONS
from voxel51.server.data.records import DataLists, details_of
from voxel51.server.data.service import DataService
from voxel51.server.data.tables import data
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.search import Holder, Query, Term
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, NotFound
from voxel51.wire.collections import CollectionRole, MemberChanges
from voxel51.wire.data import DataList, DataRecord

MAX_IDS = 10_000
"""Ids in one request."""

MOST_MATCHES = 100_000
"""Number of data that one request adds or removes by a search."""

_BATCH_SIZE = 500
"""Number of data that one transaction adds or removes."""

_member = collection_members.c


@dataclass
class _Matches:
    """Search for data to add or remove. ``page``: reads one page. ``is_broken_off``: whether there are too many."""

    page: Callable[[Connection, Query], DataList]
    search: Sequence[Term]
    is_broken_off: bool = False


class MemberService:
    """Members of collections. Each user adds only data of their own; every reader of a collection reads all of them.

    Lists show the record of a member, its facts, tags and metadata, and not what jobs of its owner found in it.
    """

    def __init__(self, database: Database, data_service: DataService) -> None:
        self._database = database
        self._data = data_service
        self._lists = DataLists().extended({**LABELLING_RELATIONS, **RELATIONS}, LABELLING_COMPUTED)

    @property
    def lists(self) -> DataLists:
        """Return the fields that lists of members show and search."""
        return self._lists

    def query(self, user: User, collection_id: str, query: Query) -> DataList:
        """Return the members that match.

        Raises:
            NotFound: the user can read no such collection.
        """
        with self._database.read() as connection:
            collection_for(connection, user, collection_id)
            return self._page(connection, collection_id, query)

    def _page(self, connection: Connection, collection_id: str, query: Query) -> DataList:
        first, last = connection.execute(
            select(func.min(_member.owner_id), func.max(_member.owner_id)).where(_member.collection_id == collection_id)
        ).one()
        if first is not None and first == last:  # of one owner: along the indexes of their lists
            of_owner = replace(query, search=(*query.search, Term("collection", (collection_id,))))
            return self._lists.page(connection, of_owner, Holder(data.c.owner_id, first))
        members = select(_member.data_id).where(_member.collection_id == collection_id)
        return self._lists.page(connection, query, None, [data.c.id.in_(members)])

    def details(self, user: User, collection_id: str, data_id: str) -> DataRecord:
        """Return the record of a member.

        Raises:
            NotFound: the user can read no such collection, or it has no such member.
        """
        return details_of(self.find(user, collection_id, data_id)._mapping)

    def find(self, user: User, collection_id: str, data_id: str) -> DatabaseRow:
        """Return the row of a member, which may belong to another user.

        Raises:
            NotFound: the user can read no such collection, or it has no such member.
        """
        chosen = select(data).join(collection_members, _member.data_id == data.c.id)
        with self._database.read() as connection:
            collection_for(connection, user, collection_id)
            of_collection = (_member.collection_id == collection_id, _member.data_id == data_id)
            row = connection.execute(chosen.where(*of_collection)).first()
        if row is None:
            raise NotFound(f"Data '{data_id}' is not in this collection; it may have been removed or deleted")
        return row

    def add(self, user: User, collection_id: str, ids: Sequence[str] | None, search: Sequence[Term]) -> MemberChanges:
        """Add data of the user to a collection: those with these ids, or else those that match.

        Raises:
            NotFound, Forbidden: the user may not edit such a collection.
            BadRequest: there are too many ids, or the search is invalid.
        """
        self._check_editor(user, collection_id, ids)
        changed, missing = 0, []
        matches = _Matches(lambda connection, query: self._data.lists.page(
            connection, query, Holder(data.c.owner_id, user.id)), search)  # fmt: skip
        for part in _parts(ids) if ids is not None else self._matching(matches):
            with self._database.write() as connection:
                acquire_advisory_locks(connection, f"members of {collection_id}")
                collection_for(connection, user, collection_id, CollectionRole.EDITOR)
                mine = select(data.c.id).where(data.c.id.in_(part), data.c.owner_id == user.id)
                found = set(connection.execute(mine).scalars())
                present = select(_member.data_id).where(
                    _member.collection_id == collection_id, _member.data_id.in_(found)
                )
                new = sorted(found.difference(connection.execute(present).scalars()))
                row = {"collection_id": collection_id, "owner_id": user.id}
                if new:
                    connection.execute(insert(collection_members), [{**row, "data_id": each} for each in new])
            changed += len(new)
            missing += [data_id for data_id in part if data_id not in found] if ids is not None else []
        return {"changed": changed, "not_found": missing, "is_complete": not matches.is_broken_off}

    def remove(
        self, user: User, collection_id: str, ids: Sequence[str] | None, search: Sequence[Term]
    ) -> MemberChanges:
        """Remove members from a collection, of whichever owner: those with these ids, or else those that match.

        Raises as `add` does.
        """
        self._check_editor(user, collection_id, ids)
        changed, missing = 0, []
        matches = _Matches(lambda connection, query: self._page(connection, collection_id, query), search)
        for part in _parts(ids) if ids is not None else [*self._matching(matches)]:
            with self._database.write(frees_space=True) as connection:
                collection_for(connection, user, collection_id, CollectionRole.EDITOR)
                chosen = (_member.collection_id == collection_id, _member.data_id.in_(part))
                found = set(connection.execute(select(_member.data_id).where(*chosen)).scalars())
                connection.execute(delete(collection_members).where(*chosen))
            changed += len(found)
            missing += [data_id for data_id in part if data_id not in found] if ids is not None else []
        return {"changed": changed, "not_found": missing, "is_complete": not matches.is_broken_off}

    def _check_editor(self, user: User, collection_id: str, ids: Sequence[str] | None) -> None:
        with self._database.read() as connection:
            collection_for(connection, user, collection_id, CollectionRole.EDITOR)
        if ids is not None and len(ids) > MAX_IDS:
            raise BadRequest(f"Too many ids: {len(ids)}; the maximum is {MAX_IDS}. Send them in parts, or use a search")

    def _matching(self, matches: "_Matches") -> Iterator[Sequence[str]]:
        """Yield the ids of the matching data in parts, in the order of the ids."""
        cursor, count = None, 0
        while True:
            query = Query(
                fields=("id",), search=tuple(matches.search), sort=("id", False), limit=_BATCH_SIZE, cursor=cursor
            )
            with self._database.read() as connection:
                page = matches.page(connection, query)
            yield [record["id"] for record in page["data"]]
            count, cursor = count + len(page["data"]), page["next_cursor"]
            if cursor is None:
                return
            if count >= MOST_MATCHES:
                matches.is_broken_off = True
                return


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    unique = list(dict.fromkeys(ids))
    return (unique[start : start + _BATCH_SIZE] for start in range(0, len(unique), _BATCH_SIZE))
