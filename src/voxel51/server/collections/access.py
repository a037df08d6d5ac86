"""Access to collections: what a user may do with one, as its owner or by a share."""

from sqlalchemy import Connection, Select, literal, select, union_all

from voxel51.server.accounts.callers import User
from voxel51.server.collections.tables import collection_members, collection_shares, collections
from voxel51.server.data.tables import data
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import Forbidden, NotFound
from voxel51.wire.collections import CollectionRole

_RANK = {CollectionRole.VIEWER: 0, CollectionRole.EDITOR: 1, CollectionRole.OWNER: 2}


def accessible(user: User) -> Select[*tuple[object, ...]]:
    """Select all collections that ``user`` can read, each with the ``role`` of the user."""
    own = select(collections, literal(CollectionRole.OWNER.value).label("role")).where(
        collections.c.owner_id == user.id
    )
    shared = (
        select(collections, collection_shares.c.role)
        .join(collection_shares, collection_shares.c.collection_id == collections.c.id)
        .where(collection_shares.c.user_id == user.id, collections.c.owner_id != user.id)
    )
    return select(union_all(own, shared).subquery("accessible"))


def collection_for(
    connection: Connection, user: User, collection_id: str, least: CollectionRole = CollectionRole.VIEWER
) -> DatabaseRow:
    """Return the row of a collection, with the ``role`` of ``user``.

    Raises:
        NotFound: there is no such collection, or it is not shared with the user.
        Forbidden: the user may read it, but not do what requires the role ``least``.
    """
    found = accessible(user)
    row = connection.execute(found.where(found.selected_columns.id == collection_id)).first()
    if row is None:
        raise NotFound(f"Collection '{collection_id}' not found; it was deleted, or is not shared with you")
    if _RANK[CollectionRole(row.role)] < _RANK[least]:
        raise Forbidden(
            f"You are {row.role} of collection '{row.name}'; this requires the role {least.value}. Ask its owner"
        )
    return row


def may_edit(connection: Connection, user_id: str, collection_id: str) -> bool:
    """Return whether a user may add data to a collection."""
    own = select(collections.c.id).where(collections.c.id == collection_id, collections.c.owner_id == user_id)
    shared = select(collection_shares.c.user_id).where(
        collection_shares.c.collection_id == collection_id,
        collection_shares.c.user_id == user_id,
        collection_shares.c.role == CollectionRole.EDITOR.value,
    )
    return any(connection.execute(each).first() is not None for each in (own, shared))


def own_members(connection: Connection, user: User, collection_id: str) -> list[str]:
    """Return the ids of the user's own data in a collection.

    Raises:
        NotFound: the user can read no such collection.
    """
    return [*connection.execute(_own_members(connection, user, collection_id)).scalars()]


def own_videos(connection: Connection, user: User, collection_id: str) -> list[str]:
    """Return the ids of the user's own videos in a collection, without its other files.

    Raises:
        NotFound: the user can read no such collection.
    """
    members = _own_members(connection, user, collection_id).join(data, data.c.id == collection_members.c.data_id)
    return [*connection.execute(members.where(data.c.media_type.startswith("video/"))).scalars()]


def _own_members(connection: Connection, user: User, collection_id: str) -> Select[str]:
    collection_for(connection, user, collection_id)
    member = collection_members.c
    mine = select(member.data_id).where(member.collection_id == collection_id, member.owner_id == user.id)
    return mine.order_by(member.data_id)
