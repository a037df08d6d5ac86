"""Account deletion and account export: delete, or collect in one document, everything that a user has."""

import logging
from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import Connection, delete, select, update
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
"""Deletes what a user has in one package. False while something is still in use; it is then called again later."""

CollectUserData = Callable[[User], object]
"""Returns what a user has in one package, as JSON."""


class AccountDeletionService:
    """Deletes accounts: disables them at once, and deletes their data at once except for jobs that still run.

    Deletion takes two steps. `remove` marks the account as deleted, in one transaction. `finish` calls the
    ``deleters`` in order, and deletes the user's row once each has nothing left. ``on_removal`` is called in that
    transaction, with the id of the user. The sweeper calls `finish` again until
    that is the case, also after a restart.
    """

    def __init__(
        self,
        database: Database,
        deleters: Iterable[DeleteUserData],
        on_removal: Callable[[Connection, str], None] = lambda _connection, _user_id: None,
    ) -> None:
        self._database = database
        self._deleters = [*deleters]
        self._on_removal = on_removal

    def remove(self, actor: Principal, user: User, confirmation: str | None) -> None:
        """Disable an account: its credentials are revoked, its name is free, and its data are invisible.

        Raises:
            BadRequest: ``confirmation`` is not the name of the account.
            Conflict: the account is the platform's last operator.
            NotFound: the account was already deleted.
        """
        if confirmation != user.name:
            raise BadRequest(f"This deletes everything that {user.name!r} has; to confirm it, add confirm={user.name}")
        deleted = {"name": f"deleted:{user.id}", "password_hash": None, "email": None, "deleted_at": dates.now()}
        present = (users.c.id == user.id) & users.c.deleted_at.is_(None)
        with self._database.write(frees_space=True) as connection:
            if connection.execute(select(users.c.id).where(present)).first() is not None:
                self._on_removal(connection, user.id)
            if connection.execute(update(users).where(present).values(deleted)).rowcount == 0:
                raise NotFound(f"The account {user.name!r} was already deleted")
            revoke_all(connection, user, CredentialKind.TOKEN, CredentialKind.SESSION)
            for table in (one_time_keys, oidc_identities):
                connection.execute(delete(table).where(table.c.user_id == user.id))
            if user.application_id is None:
                require_remaining_operator(connection)
            audit.record(connection, actor, "account deleted", user)
        self._database.after_commit(self._try_to_finish)

    def _try_to_finish(self) -> None:
        try:
            self.finish()
        except Exception:  # the account is already disabled, so the request has succeeded in any case
            log.exception("could not delete the data of a deleted account; the sweeper tries again")

    def finish(self) -> int:
        """Delete the data of deleted accounts as far as their jobs have ended; return how many are done."""
        with self._database.read() as connection:
            rows = connection.execute(select(users.c.id, users.c.name).where(users.c.deleted_at.is_not(None))).all()
        return sum(self._delete_data(User(row.id, row.name)) for row in rows)

    def _delete_data(self, user: User) -> bool:
        # A list, not any(): each deleter must be called, whatever the others return.
        unfinished = [delete_data for delete_data in self._deleters if not delete_data(user)]
        if unfinished:
            return False
        try:
            with self._database.write(frees_space=True) as connection:
                connection.execute(delete(users).where(users.c.id == user.id))
        except IntegrityError:  # a request that was under way added something; the next call deletes it
            return False
        log.info("deleted all data of account %s", user.id)
        return True


class AccountExportService:
    """Collects everything that a user has, package by package."""

    def __init__(self, collectors: Mapping[str, CollectUserData]) -> None:
        self._collectors = collectors

    def export(self, user: User) -> dict[str, object]:
        """Return one JSON document, with links to the files."""
        collected = {name: collect(user) for name, collect in self._collectors.items()}
        return {"exported_at": dates.to_text(dates.now()), **collected}
