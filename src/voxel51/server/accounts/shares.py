"""Shares of records with other users: share a record, end a share, and list the users with whom it is shared.

Users of an application share with users of the same application, and users of the platform with each other. What a
share permits is decided by the package of the record.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import users
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, NotFound

MAX_SHARES = 200
"""Number of users with whom one record can be shared."""


@dataclass(frozen=True, slots=True)
class ShareTable:
    """Shares of one kind of record: a row for each record and user. Callers check who may share and end a share.

    Attributes:
        table: has the columns ``user_id`` and ``record_id``.
        record_id: name of the column with the id of the record.
        noun: what the record is, for errors.
    """

    table: Table
    record_id: str
    noun: str

    def of(self, connection: Connection, record_id: str) -> Sequence[DatabaseRow]:
        """Return the shares of a record, each with the ``username``, in the order of these."""
        present = select(self.table, users.c.name.label("username")).join(users, users.c.id == self.table.c.user_id)
        of_record = present.where(self._is_of(record_id), users.c.deleted_at.is_(None))
        return connection.execute(of_record.order_by(users.c.name)).all()

    def put(self, connection: Connection, owner: User, record_id: str, username: str, **columns: object) -> None:
        """Share a record of ``owner`` with another user; ``columns`` replace those of an earlier share.

        Raises:
            BadRequest: the other user is unknown or is the owner, or the record has too many shares.
        """
        acquire_advisory_locks(connection, f"shares of {record_id}")
        other = _find_user(connection, owner, username)
        if other.id == owner.id:
            raise BadRequest(f"The {self.noun} is yours; share it with another user")
        present = and_(self._is_of(record_id), self.table.c.user_id == other.id)
        if connection.execute(select(self.table).where(present)).first() is not None:
            if columns:
                connection.execute(update(self.table).where(present).values(columns))
            return
        if connection.execute(select(func.count()).where(self._is_of(record_id))).scalar_one() >= MAX_SHARES:
            raise BadRequest(
                f"The {self.noun} is shared with {MAX_SHARES} users, which is the limit. End the share with one"
            )
        row = {self.record_id: record_id, "user_id": other.id, **columns}
        connection.execute(insert(self.table).values(row))

    def end(self, connection: Connection, caller: User, record_id: str, username: str) -> None:
        """End the share of a record with a user of this name.

        Raises:
            BadRequest: the user is unknown.
            NotFound: the record is not shared with the user.
        """
        other = _find_user(connection, caller, username)
        gone = delete(self.table).where(self._is_of(record_id), self.table.c.user_id == other.id)
        if connection.execute(gone).rowcount == 0:
            raise NotFound(f"The {self.noun} is not shared with user {username!r:.100}")

    def _is_of(self, record_id: str) -> ColumnElement[bool]:
        return self.table.c[self.record_id] == record_id


def _find_user(connection: Connection, caller: User, username: str) -> DatabaseRow:
    """Return the row of a user of the same application, or of the platform if the caller has none."""
    application = users.c.application_id
    same = application.is_(None) if caller.application_id is None else application == caller.application_id
    row = connection.execute(select(users).where(users.c.name == username, same, users.c.deleted_at.is_(None))).first()
    if row is None:
        raise BadRequest(f"User {username!r:.100} not found. Check the name")
    return row
