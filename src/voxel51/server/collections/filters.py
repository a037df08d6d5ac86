"""Filters and fields of data by the collections that they are in."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, or_, select

from voxel51.server.collections.tables import collection_members, collection_shares, collections
from voxel51.server.data.records import Compute
from voxel51.server.database.conditions import Relation

_member = collection_members.c


def readable_by_owners(members: Select[Any]) -> Select[Any]:
    """Return a query of members, joined with their collections, for those that the owner of the data can read.

    Data stay in a collection when its share with their owner ends, who must not see a later name of it.
    """
    shared = select(collection_shares.c.user_id).where(
        collection_shares.c.collection_id == collections.c.id, collection_shares.c.user_id == _member.owner_id
    )
    readable: ColumnElement[bool] = or_(collections.c.owner_id == _member.owner_id, shared.exists())
    return members.join(collections, collections.c.id == _member.collection_id).where(readable)


def _rows_in(names: Sequence[str]) -> Select[Any]:
    named = or_(collections.c.id.in_(names), collections.c.name.in_(names))
    return readable_by_owners(select(_member.data_id.label("record_id"))).where(named)


def rows_of(collection_ids: Sequence[str]) -> Select[Any]:
    """Return a query for the data in these collections."""
    return select(_member.data_id.label("record_id")).where(_member.collection_id.in_(collection_ids))


RELATIONS: Mapping[str, Relation] = {"collection": Relation(_rows_in, _member.data_id, _member.owner_id)}
"""Search field of the own data of a user: a collection, by its id or name.

Not for lists that other users read: the search would tell them which other collections hold a file.
"""


def _names_of(connection: Connection, data_ids: Sequence[str]) -> Mapping[str, list[str]]:
    chosen = readable_by_owners(select(_member.data_id, collections.c.name))
    chosen = chosen.where(_member.data_id.in_(data_ids)).order_by(collections.c.name)
    found: dict[str, list[str]] = {}
    for row in connection.execute(chosen):
        found.setdefault(row.data_id, []).append(row.name)
    return found


COMPUTED: Mapping[str, Compute] = {"collections": _names_of}
"""Field of data: the names of the collections that they are in."""
