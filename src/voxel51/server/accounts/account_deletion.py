"""Deleting an account with all that it has, and handing out all that it has."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from voxel51.server.accounts import audit
from voxel51.server.accounts.audit import Principal
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.service import require_remaining_operator
from voxel51.server.accounts.tables import oidc_identities, one_time_keys, users
from voxel51.server.accounts.tokens import CredentialKind, revoke_all
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, NotFound
from voxel51.wire import dates

log = logging.getLogger(__name__)

DeleteUserData = Callable[[User], bool]
"""Removes what a user has in one room; False while something there has not ended yet. It may be called again."""

CollectUserData = Callable[[User], Any]
"""What a user has in one room, as JSON."""


class AccountDeletionService:
    """Ends accounts at once, and removes what they had: at once, but for jobs that still run.

    ``rooms`` are called in their order, again and again, until each has nothing left.
    """

    def __init__(self, database: Database, rooms: Iterable[DeleteUserData]) -> None:
        self._database = database
        self._rooms = [*rooms]

    def remove(self, actor: Principal, user: User, confirmation: str | None) -> None:
        """End an account: nothing signs it in any more, its name is free, and nobody sees what it had.

        Raises:
            BadRequest: ``confirmation`` is not its name.
            Conflict: it is the platform's last operator's.
            NotFound: it is gone.
        """
        if confirmation != user.name:
            raise BadRequest(f"This deletes everything that {user.name!r} has; to confirm it, say confirm={user.name}")
        gone = {"name": f"deleted:{user.id}", "password_hash": None, "email": None, "deleted_at": dates.now()}
        present = (users.c.id == user.id) & users.c.deleted_at.is_(None)
        with self._database.write() as connection:
            if connection.execute(update(users).where(present).values(gone)).rowcount == 0:
                raise NotFound(f"The account of {user.name!r} is gone already")
            revoke_all(connection, user, CredentialKind.TOKEN, CredentialKind.SESSION)
            for table in (one_time_keys, oidc_identities):
                connection.execute(delete(table).where(table.c.user_id == user.id))
            if user.application_id is None:
                require_remaining_operator(connection)
            audit.record(connection, actor, "account deleted", user)
        self._database.after_commit(self._begin_to_finish)

    def _begin_to_finish(self) -> None:
        try:
            self.finish()
        except Exception:  # the account is ended whatever happens here
            log.exception("what an ended account had could not be removed; the sweeper tries again")

    def finish(self) -> int:
        """Remove what ended accounts had, as far as their jobs have ended; returns how many are gone."""
        with self._database.read() as connection:
            rows = connection.execute(select(users.c.id, users.c.name).where(users.c.deleted_at.is_not(None))).all()
        return sum(self._forget(User(row.id, row.name)) for row in rows)

    def _forget(self, user: User) -> bool:
        left = [forget for forget in self._rooms if not forget(user)]  # each of them, whatever another says
        if left:
            return False
        try:
            with self._database.write() as connection:
                connection.execute(delete(users).where(users.c.id == user.id))
        except IntegrityError:  # something arrived that was under way; it goes next time
            return False
        log.info("all that account %s had is removed", user.id)
        return True


class AccountExportService:
    """Collects everything that an account has, room by room."""

    def __init__(self, rooms: Mapping[str, CollectUserData]) -> None:
        self._rooms = rooms

    def export(self, user: User) -> dict[str, Any]:
        """One document; files are links in it."""
        return {"exported_at": dates.to_text(dates.now())} | {
            name: collect(user) for name, collect in self._rooms.items()
        }
