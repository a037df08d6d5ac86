"""Collections: create, list, change, delete and share them. Their data stay when they are deleted."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.shares import ShareTable
from voxel51.server.accounts.tables import users
from voxel51.server.collections.access import accessible, collection_for
from voxel51.server.collections.counts import member_counts
from voxel51.server.collections.tables import collection_members, collection_shares, collections
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, Conflict
from voxel51.wire import dates
from voxel51.wire.collections import Collection, CollectionChange, CollectionRole, CollectionShare, NewCollection

MAX_COLLECTIONS = 1000
"""Number of collections that one user can own."""

_SHARES = ShareTable(collection_shares, "collection_id", "collection")
_MAX_NAME = 128
_MAX_DESCRIPTION = 4000
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean_title(text: str, noun: str) -> str:
    """Return the name of a collection or search in NFC, without spaces around it.

    Raises:
        BadRequest: it is empty, too long, or has control characters.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not name or len(name) > _MAX_NAME or _CONTROL.search(name):
        raise BadRequest(
            f"{text!r:.150} is not a valid name of a {noun}: use 1 to {_MAX_NAME} characters, and no control characters"
        )
    return name


class CollectionService:
    """Collections. Every method sees those that the user owns, or that are shared with the user."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, user: User) -> list[Collection]:
        """Return the user's own collections, and those shared with the user, in the order of their names."""
        with self._database.read() as connection:
            rows = connection.execute(accessible(user)).all()
            return _records(connection, sorted(rows, key=lambda row: (row.name.lower(), row.id)))

    def get(self, user: User, collection_id: str) -> Collection:
        """Return a collection.

        Raises:
            NotFound: the user can read no such collection.
        """
        with self._database.read() as connection:
            return _records(connection, [collection_for(connection, user, collection_id)])[0]

    def export(self, user: User) -> list[dict[str, object]]:
        """Return all collections: own ones with their shares and members, others with the data of the user."""
        with self._database.read() as connection:
            known = _records(connection, connection.execute(accessible(user)).all())
            return [_exported(connection, user, collection) for collection in known]

    def create(self, owner: User, new: NewCollection) -> Collection:
        """Create an empty collection.

        Raises:
            BadRequest: its name or description is invalid, or the user has too many.
            Conflict: the user has one of this name.
        """
        values = _values(new)
        row = {"id": str(uuid4()), "owner_id": owner.id, "description": "", "created_at": dates.now(), **values}
        with self._database.write() as connection:
            acquire_advisory_locks(connection, f"collections of {owner.id}")
            of_owner = select(func.count()).where(collections.c.owner_id == owner.id)
            if connection.execute(of_owner).scalar_one() >= MAX_COLLECTIONS:
                raise BadRequest(f"You have {MAX_COLLECTIONS} collections, which is the limit. Delete one")
            _check_name(connection, owner.id, values["name"])
            connection.execute(insert(collections).values(row))
            return _records(connection, [collection_for(connection, owner, str(row["id"]))])[0]

    def change(self, owner: User, collection_id: str, change: CollectionChange) -> Collection:
        """Change the name or the description.

        Raises:
            NotFound, Forbidden: the user does not own such a collection.
            BadRequest: a value is invalid, or no value is given.
            Conflict: the user has another one of this name.
        """
        values = _values(change)
        if not values:
            raise BadRequest("Nothing to change: send name or description")
        with self._database.write() as connection:
            acquire_advisory_locks(connection, f"collections of {owner.id}")
            row = collection_for(connection, owner, collection_id, CollectionRole.OWNER)
            if values.get("name", row.name) != row.name:
                _check_name(connection, owner.id, values["name"])
            connection.execute(update(collections).where(collections.c.id == collection_id).values(values))
            return _records(connection, [collection_for(connection, owner, collection_id)])[0]

    def delete(self, owner: User, collection_id: str) -> None:
        """Delete a collection; its data stay.

        Raises:
            NotFound, Forbidden: the user does not own such a collection.
        """
        with self._database.write(frees_space=True) as connection:
            collection_for(connection, owner, collection_id, CollectionRole.OWNER)
            connection.execute(delete(collections).where(collections.c.id == collection_id))

    def shares(self, user: User, collection_id: str) -> list[CollectionShare]:
        """Return the users with whom a collection is shared.

        Raises:
            NotFound: the user can read no such collection.
        """
        with self._database.read() as connection:
            collection_for(connection, user, collection_id)
            return _shares(connection, collection_id)

    def share(self, owner: User, collection_id: str, username: str, role: str) -> None:
        """Let another user read a collection, or edit it; the role replaces an earlier one.

        Raises:
            NotFound, Forbidden: the user does not own such a collection.
            BadRequest: the role is unknown, or the other user is; or the collection has too many shares.
        """
        if role not in {CollectionRole.VIEWER, CollectionRole.EDITOR}:
            raise BadRequest(f"role must be viewer or editor, not {role!r:.100}")
        with self._database.write() as connection:
            collection_for(connection, owner, collection_id, CollectionRole.OWNER)
            _SHARES.put(connection, owner, collection_id, username, role=role)

    def unshare(self, user: User, collection_id: str, username: str) -> None:
        """End a share. Its owner can end all of them; others can leave a collection themselves.

        Their own data stay members until the owner removes them.

        Raises:
            NotFound: there is no such collection, or it is not shared with that user.
            Forbidden: the share is of another user.
        """
        with self._database.write() as connection:
            least = CollectionRole.VIEWER if username == user.name else CollectionRole.OWNER
            collection_for(connection, user, collection_id, least)
            _SHARES.end(connection, user, collection_id, username)


def _shares(connection: Connection, collection_id: str) -> list[CollectionShare]:
    found = _SHARES.of(connection, collection_id)
    return [{"username": row.username, "role": CollectionRole(row.role)} for row in found]


def _exported(connection: Connection, user: User, collection: Collection) -> dict[str, object]:
    member, is_own = collection_members.c, collection["role"] == CollectionRole.OWNER
    chosen = select(member.data_id).where(member.collection_id == collection["id"]).order_by(member.data_id)
    ids = connection.execute(chosen if is_own else chosen.where(member.owner_id == user.id)).scalars().all()
    return {**collection, "data_ids": [*ids], "shares": _shares(connection, collection["id"]) if is_own else []}


def _values(given: NewCollection | CollectionChange) -> dict[str, str]:
    values: dict[str, str] = {}
    if "name" in given:
        values["name"] = clean_title(given["name"], "collection")
    if "description" in given:
        description = unicodedata.normalize("NFC", given["description"]).strip()
        if len(description) > _MAX_DESCRIPTION:
            raise BadRequest(
                f"The description has {len(description)} characters; the maximum is {_MAX_DESCRIPTION}. Shorten it"
            )
        values["description"] = description
    return values


def _check_name(connection: Connection, owner_id: str, name: str) -> None:
    same = select(collections.c.id).where(collections.c.owner_id == owner_id, collections.c.name == name)
    if connection.execute(same).first() is not None:
        raise Conflict(f"You have a collection named {name!r}. Choose another name")


def _records(connection: Connection, rows: Sequence[DatabaseRow]) -> list[Collection]:
    owners = {row.owner_id for row in rows}
    names: Mapping[str, str] = {
        row.id: row.name for row in connection.execute(select(users.c.id, users.c.name).where(users.c.id.in_(owners)))
    }
    counts = member_counts(connection, [row.id for row in rows])
    return [
        {
            "id": row.id,
            "name": row.name,
            "description": row.description,
            "owner": names[row.owner_id],
            "role": CollectionRole(row.role),
            "data_count": counts[row.id].data,
            "is_count_exact": counts[row.id].is_exact,
            "created_at": dates.to_text(row.created_at),
        }
        for row in rows
    ]
