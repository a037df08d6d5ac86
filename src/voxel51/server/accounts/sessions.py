"""Browser sessions: sign in by password, start a session, and sign out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from voxel51.server.accounts import audit
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.passwords import is_password
from voxel51.server.accounts.tables import tokens, users
from voxel51.server.accounts.tokens import CredentialKind, TokenSpec, add_credential
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Forbidden, Unauthenticated
from voxel51.wire import dates
from voxel51.wire.accounts import Role, Scope

_MAX_NAME_LENGTH = 128


@dataclass(frozen=True, slots=True)
class Session:
    """A started session: its user, the key that authenticates it, and when it expires."""

    user: User
    role: Role
    key: str
    expires_at: datetime


class SessionService:
    """Starts and ends sessions, which last for ``lifetime``."""

    def __init__(self, database: Database, lifetime: timedelta) -> None:
        self._database = database
        self._lifetime = lifetime

    def sign_in(self, name: str, password: str, browser: str) -> Session:
        """Start a session by user name and password; ``browser`` is the session's name in lists.

        Raises:
            Unauthenticated: the user name or the password is wrong.
            Forbidden: the account is suspended.
        """
        own = users.c.application_id.is_(None) & users.c.deleted_at.is_(None)
        with self._database.read() as connection:
            row = connection.execute(select(users).where(users.c.name == name, own)).first()
        # The password is hashed for unknown names too: see `is_password`.
        if not is_password(None if row is None else row.password_hash, password) or row is None:
            if row is not None:
                self._record_failure(User(row.id, row.name))
            raise Unauthenticated("The user name or the password is wrong")
        with self._database.write() as connection:
            return self.begin(connection, User(row.id, row.name), browser, "signed in")

    def begin(self, connection: Connection, user: User, browser: str, action: str) -> Session:
        """Start a session of an authenticated ``user``, and record ``action`` in the audit log.

        Raises:
            Forbidden: the account is suspended.
        """
        row = connection.execute(select(users.c.role, users.c.suspended_at).where(users.c.id == user.id)).one()
        if row.suspended_at is not None:
            raise Forbidden(f"The account {user.name!r} is suspended; ask the operator of the platform")
        expires_at = dates.now() + self._lifetime
        spec = TokenSpec(browser[:_MAX_NAME_LENGTH] or "unknown browser", frozenset(Scope), expires_at)
        key, session_id, _ = add_credential(connection, user, spec, CredentialKind.SESSION)
        audit.record(connection, user, action, user, session=session_id)
        return Session(user, Role(row.role), key, expires_at)

    def end(self, user: User) -> None:
        """End the session that authenticated this request.

        Raises:
            BadRequest: a token authenticated the request; tokens are revoked instead.
        """
        chosen = (tokens.c.id == user.credential_id) & (tokens.c.kind == CredentialKind.SESSION.value)
        with self._database.write() as connection:
            if connection.execute(delete(tokens).where(chosen)).rowcount == 0:
                raise BadRequest(
                    "This request used a token, not a session; sign out in the browser, or revoke the token"
                )
            audit.record(connection, user, "signed out", user, session=user.credential_id)

    def _record_failure(self, user: User) -> None:
        with self._database.write(durable=False) as connection:
            audit.record(connection, user, "sign-in failed", user)
