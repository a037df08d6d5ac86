"""Browser sessions: sign in by password, start a session, and sign out."""

from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """A sign-in by password, verified or not.

    Attributes:
        user: of the given name; None if that is unknown.
        stored_hash: of the password that the user has; None without one.
        is_verified: whether the password matches the hash.
    """

    user: User | None
    stored_hash: str | None
    is_verified: bool = False

    def verify(self, password: str) -> "SignInAttempt":
        """Return the verified attempt. Hashes, also for unknown users and those without a password: `is_password`."""
        return replace(self, is_verified=is_password(self.stored_hash, password))


class SessionService:
    """Starts and ends sessions, which last for ``lifetime``."""

    def __init__(self, database: Database, lifetime: timedelta) -> None:
        self._database = database
        self._lifetime = lifetime

    def attempt(self, name: str) -> SignInAttempt:
        """Return the attempt to sign in as ``name``, to be verified and passed to `sign_in`."""
        own = users.c.application_id.is_(None) & users.c.deleted_at.is_(None)
        with self._database.read() as connection:
            row = connection.execute(select(users).where(users.c.name == name, own)).first()
        return SignInAttempt(None, None) if row is None else SignInAttempt(User(row.id, row.name), row.password_hash)

    def sign_in(self, attempt: SignInAttempt, browser: str) -> Session:
        """Start a session for a verified attempt; ``browser`` is the session's name in lists.

        Raises:
            Unauthenticated: the user name or the password is wrong.
            Forbidden: the account is suspended.
        """
        user = attempt.user
        if user is None or not attempt.is_verified:
            if user is not None:
                self._record_failure(user)
            raise Unauthenticated("The user name or the password is wrong")
        with self._database.write() as connection:
            # The password, or the account, may have changed since it was verified.
            unchanged = (users.c.id == user.id) & (users.c.password_hash == attempt.stored_hash)
            if connection.execute(select(users.c.id).where(unchanged, users.c.deleted_at.is_(None))).first() is None:
                raise Unauthenticated("The user name or the password is wrong")
            return self.begin(connection, user, browser, "signed in")

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
