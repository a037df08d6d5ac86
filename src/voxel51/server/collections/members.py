"""Members of collections: add and remove data, list them for all readers of the collection, and read one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, func, insert, select

from voxel51.server.accounts.callers import User
from voxel51.server.collections.access import collection_for, may_edit
from voxel51.server.collections.filters import rows_of
from voxel51.server.collections.tables import collection_members, source_collections
from voxel51.server.data.labelling import COMPUTED as LABELLING_COMPUTED
from voxel51.server.data.labelling import RELATIONS as LABELLING_RELATIONS
from voxel51.server.data.matching import Matches
from voxel51.server.data.records import DataLists, details_of
from voxel51.server.data.service import DataService
from voxel51.server.data.tables import data
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.conditions import Relation
from voxel51.server.database.database import Database
from voxel51.server.database.search import Holder, Query, Term, search_conditions
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, NotFound
from voxel51.wire.collections import CollectionRole, MemberChanges
from voxel51.wire.data import DataList, DataRecord

MAX_IDS = 10_000
"""Ids in one request."""

_BATCH_SIZE = 500
"""Number of data that one transaction adds or removes."""

_COLLECTION = "collection_id"
"""Search field by which the members of one collection are found along the indexes of a list."""

_member = collection_members.c

OnMembersAdded = Callable[[Connection, str, str, Sequence[str]], None]
"""Is called with the id of the collection, that of the owner of the data, and the ids of the data, in the transaction
that adds them."""


class MemberService:
    """Members of collections. Each user adds only data of their own; every reader of a collection reads all of them.

    Lists show and search the record of a member, its facts, tags and metadata. They tell nothing else of its owner: not
    what jobs found in it, which analytics ran on it, or in which other collections it is.
    """

    def __init__(self, database: Database, data_service: DataService) -> None:
        self._database = database
        self._data = data_service
        self._lists = DataLists().extended(LABELLING_RELATIONS, LABELLING_COMPUTED)
        self._members = self._lists.extended({_COLLECTION: Relation(rows_of, _member.data_id, _member.owner_id)}, {})
        self._on_added: list[OnMembersAdded] = []

    def on_added(self, act: OnMembersAdded) -> None:
        """Call ``act`` for the data that become members, from now on."""
        self._on_added.append(act)

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
            for _ in search_conditions(self._lists.listing, query.search):
                pass  # each is valid without the search field for the collection, which is not for users
            of_owner = replace(query, search=(*query.search, Term(_COLLECTION, (collection_id,))))
            return self._members.page(connection, of_owner, Holder(data.c.owner_id, first))
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
        matches = self._data.matches(user, search)
        for part in _parts(ids) if ids is not None else matches.parts(self._database):
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
                    for act in self._on_added:
                        act(connection, collection_id, user.id, new)
            changed += len(new)
            missing += [data_id for data_id in part if data_id not in found] if ids is not None else []
        return {"changed": changed, "not_found": missing, "is_complete": not matches.is_broken_off}

    def add_of_source(
        self, connection: Connection, source_id: str, owner_id: str, records: Sequence[DataRecord]
    ) -> None:
        """Add new data in place to the collection of their source, if it has one and its owner may still edit that."""
        chosen = select(source_collections.c.collection_id).where(source_collections.c.source_id == source_id)
        collection_id = connection.execute(chosen).scalar()
        if collection_id is None:
            return
        acquire_advisory_locks(connection, f"members of {collection_id}")
        if not may_edit(connection, owner_id, collection_id):
            return
        ids = [record["id"] for record in records]
        row = {"collection_id": collection_id, "owner_id": owner_id}
        connection.execute(insert(collection_members), [{**row, "data_id": each} for each in ids])
        for act in self._on_added:
            act(connection, collection_id, owner_id, ids)

    def remove(
        self, user: User, collection_id: str, ids: Sequence[str] | None, search: Sequence[Term]
    ) -> MemberChanges:
        """Remove members from a collection, of whichever owner: those with these ids, or else those that match.

        Raises as `add` does.
        """
        self._check_editor(user, collection_id, ids)
        changed, missing = 0, []
        matches = Matches(lambda connection, query: self._page(connection, collection_id, query), search)
        for part in _parts(ids) if ids is not None else [*matches.parts(self._database)]:
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


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return in_chunks(list(dict.fromkeys(ids)), _BATCH_SIZE)
