"""Signing in by a browser."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from voxel51.server.accounts import audit
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.passwords import is_password
from voxel51.server.accounts.tables import tokens, users
from voxel51.server.accounts.tokens import CredentialKind, TokenSpec, add
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Forbidden, Unauthenticated
from voxel51.wire import dates
from voxel51.wire.accounts import Role, Scope

_LONGEST_NAME = 128


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in, the key that says so from now on, and until when."""

    user: User
    role: Role
    key: str
    expires_at: datetime


class SessionService:
    """Begins and ends sessions, which last for ``lifetime``."""

    def __init__(self, database: Database, lifetime: timedelta) -> None:
        self._database = database
        self._lifetime = lifetime

    def sign_in(self, name: str, password: str, browser: str) -> Session:
        """A session of whoever has this name and password; ``browser`` is what the session is called in lists.

        Raises:
            Unauthenticated: nobody has them.
            Forbidden: the account is suspended.
        """
        own = users.c.application_id.is_(None) & users.c.deleted_at.is_(None)
        with self._database.read() as connection:
            row = connection.execute(select(users).where(users.c.name == name, own)).first()
        if not is_password(None if row is None else row.password_hash, password) or row is None:
            if row is not None:
                self._note_failure(User(row.id, row.name))
            raise Unauthenticated("The user name or the password is wrong")
        with self._database.write() as connection:
            return self.begin(connection, User(row.id, row.name), browser, "signed in")

    def begin(self, connection: Connection, user: User, browser: str, how: str) -> Session:
        """A session of ``user``, who has proved to be that user; ``how`` is what the audit log says.

        Raises:
            Forbidden: the account is suspended.
        """
        row = connection.execute(select(users.c.role, users.c.suspended_at).where(users.c.id == user.id)).one()
        if row.suspended_at is not None:
            raise Forbidden(f"The account {user.name!r} is suspended; ask the operator of the platform")
        expires_at = dates.now() + self._lifetime
        spec = TokenSpec(browser[:_LONGEST_NAME] or "unknown browser", frozenset(Scope), expires_at)
        key, session_id, _ = add(connection, user, spec, CredentialKind.SESSION)
        audit.record(connection, user, how, user, session=session_id)
        return Session(user, Role(row.role), key, expires_at)

    def end(self, user: User) -> None:
        """End the session by which ``user`` came; a token that came in its place stays.

        Raises:
            BadRequest: it is no session.
        """
        chosen = (tokens.c.id == user.credential_id) & (tokens.c.kind == CredentialKind.SESSION.value)
        with self._database.write() as connection:
            if connection.execute(delete(tokens).where(chosen)).rowcount == 0:
                raise BadRequest("This came with a token; sign out where you signed in, or revoke the token")
            audit.record(connection, user, "signed out", user, session=user.credential_id)

    def _note_failure(self, user: User) -> None:
        with self._database.write(durable=False) as connection:
            audit.record(connection, user, "sign-in failed", user)
