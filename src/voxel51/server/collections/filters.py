"""Filters and fields of data by the collections that they are in."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from voxel51.server.collections.tables import collection_members, collections
from voxel51.server.database.conditions import Relation

Compute = Callable[[Connection, Sequence[str]], Mapping[str, object]]


def _rows_in(names: Sequence[str]) -> Select[Any]:
    # Only owners add their data to a collection, so a filter by the id or name of any collection reveals nothing.
    named = select(collections.c.id).where(or_(collections.c.id.in_(names), collections.c.name.in_(names)))
    member = collection_members.c
    return select(member.data_id.label("record_id")).where(member.collection_id.in_(named))


RELATIONS: Mapping[str, Relation] = {
    "collection": Relation(_rows_in, collection_members.c.data_id, collection_members.c.owner_id)
}
"""Search field of data: a collection, by its id or name."""


def _names_of(connection: Connection, data_ids: Sequence[str]) -> Mapping[str, list[str]]:
    member = collection_members.c
    chosen = (
        select(member.data_id, collections.c.name)
        .join(collections, collections.c.id == member.collection_id)
        .where(member.data_id.in_(data_ids))
        .order_by(collections.c.name)
    )
    found: dict[str, list[str]] = {}
    for row in connection.execute(chosen):
        found.setdefault(row.data_id, []).append(row.name)
    return found


COMPUTED: Mapping[str, Compute] = {"collections": _names_of}
"""Field of data: the names of the collections that they are in."""
