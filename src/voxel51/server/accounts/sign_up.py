"""Sign-up and password resets: invitations, new accounts, and one-time keys that set a new password."""

import uuid
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select

from voxel51.server.accounts import audit
from voxel51.server.accounts.audit import COMMAND_LINE, Principal
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.names import check_name, require_free_name
from voxel51.server.accounts.passwords import PasswordHash, check_new_password
from voxel51.server.accounts.service import add_user, has_users, set_password
from voxel51.server.accounts.sessions import Session, SessionService
from voxel51.server.accounts.tables import one_time_keys, users
from voxel51.server.accounts.tokens import hash_key, new_key
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, Forbidden
from voxel51.wire import dates
from voxel51.wire.accounts import OneTimeKey, Role, SignUpMode

_RESET_LIFETIME = timedelta(days=1)
_MAX_INVITATION_DAYS = 365


class _Purpose(StrEnum):
    INVITATION = "invitation"
    RESET = "reset"


class SignUpService:
    """Creates accounts, with or without an invitation as ``mode`` requires, and resets passwords."""

    def __init__(self, database: Database, sessions: SessionService, mode: SignUpMode) -> None:
        self._database = database
        self._sessions = sessions
        self.mode = mode

    def is_first(self) -> bool:
        """Return whether the platform has no account yet. The first needs no invitation and becomes the operator's."""
        with self._database.read() as connection:
            return self.mode is not SignUpMode.OFF and not has_users(connection)

    def invite(self, actor: Principal, role: Role, days: float) -> OneTimeKey:
        """Return a key with which one person creates an account with this role.

        Raises:
            BadRequest: the number of days is out of range, or sign-up is off.
        """
        if self.mode is SignUpMode.OFF:
            raise BadRequest("Sign-up is off on this platform; create the account, or set sign_up to 'invite'")
        if not 0 < days <= _MAX_INVITATION_DAYS:
            raise BadRequest(f"An invitation lasts more than 0 and up to {_MAX_INVITATION_DAYS} days, not {days}")
        with self._database.write() as connection:
            audit.record(connection, actor, "invitation made", actor, role=role.value)
            return _issue(connection, _Purpose.INVITATION, timedelta(days=days), role=role.value)

    def check(self, name: str, password: str, invitation: str | None) -> None:
        """Raise as `sign_up` does, before the costly hash of the password.

        Raises:
            BadRequest: the name or password is invalid, or the invitation is invalid, used or expired.
            Forbidden: an invitation is required, or sign-up is off.
            Conflict: the name is taken.
        """
        check_name("user", name)
        check_new_password(password)
        with self._database.read() as connection:
            self._require_permission(connection, invitation)
            if invitation:
                _find(connection, _Purpose.INVITATION, invitation)
            require_free_name(connection, name)

    def sign_up(self, name: str, hashed: PasswordHash, invitation: str | None, browser: str) -> Session:
        """Create an account with a checked name and a ``hashed`` password, and sign in.

        The first account gets the role operator.

        Raises:
            BadRequest: the invitation is invalid, used or expired.
            Forbidden: an invitation is required, or sign-up is off.
            Conflict: the name is taken.
        """
        with self._database.write() as connection:
            user = self.admit(connection, name, hashed, invitation)
            return self._sessions.begin(connection, user, browser, "signed in")

    def admit(
        self,
        connection: Connection,
        name: str,
        hashed: PasswordHash | None,
        invitation: str | None,
        is_welcome: bool = False,
    ) -> User:
        """Create an account with a checked name; raise as `sign_up` does. ``is_welcome``: no invitation is required."""
        # Of two concurrent first sign-ups, the second waits here and finds that it is not the first.
        acquire_advisory_locks(connection, "first user")
        if not is_welcome:
            self._require_permission(connection, invitation)
        role = Role(_redeem(connection, _Purpose.INVITATION, invitation).role) if invitation else None
        return add_user(connection, None, name, hashed, role)

    def permit_reset(self, user: User, actor: Principal = COMMAND_LINE) -> OneTimeKey:
        """Return a key with which ``user`` sets a new password within a day; earlier keys become invalid."""
        with self._database.write() as connection:
            connection.execute(delete(one_time_keys).where(one_time_keys.c.user_id == user.id))
            audit.record(connection, actor, "password reset permitted", user)
            return _issue(connection, _Purpose.RESET, _RESET_LIFETIME, user_id=user.id)

    def check_reset(self, key: str, password: str) -> None:
        """Raise as `reset` does, before the costly hash of the password.

        Raises:
            BadRequest: the key is invalid, used or expired, or the password is invalid.
        """
        check_new_password(password)
        with self._database.read() as connection:
            _find(connection, _Purpose.RESET, key)

    def reset(self, key: str, hashed: PasswordHash) -> None:
        """Store a new, ``hashed`` password with a one-time key, end all sessions and revoke all API tokens.

        Raises:
            BadRequest: the key is invalid, used or expired.
        """
        with self._database.write() as connection:
            found = _redeem(connection, _Purpose.RESET, key)
            name = connection.execute(select(users.c.name).where(users.c.id == found.user_id)).scalar_one()
            user = User(found.user_id, name)
            # A forgotten password may have been stolen or replaced by another person, who may have made tokens too.
            set_password(connection, user, hashed, revoke_tokens=True)

    def expire(self) -> int:
        """Delete expired one-time keys; return how many."""
        with self._database.write() as connection:
            return connection.execute(delete(one_time_keys).where(one_time_keys.c.expires_at <= dates.now())).rowcount

    def _require_permission(self, connection: Connection, invitation: str | None) -> None:
        if self.mode is SignUpMode.OFF:
            raise Forbidden("Sign-up is off on this platform; ask the operator for an account")
        if self.mode is SignUpMode.INVITE and not invitation and has_users(connection):
            raise Forbidden("An invitation is required to sign up; ask the operator of the platform for one")


def _issue(connection: Connection, purpose: _Purpose, lifetime: timedelta, **columns: str) -> OneTimeKey:
    key, now = new_key(f"{purpose.value}_"), dates.now()
    expires_at: datetime = now + lifetime
    row = {"id": str(uuid.uuid4()), "purpose": purpose.value, "key_hash": hash_key(key), "created_at": now, **columns}
    connection.execute(insert(one_time_keys).values(expires_at=expires_at, **row))
    return {"key": key, "expires_at": dates.to_text(expires_at)}


def _find(connection: Connection, purpose: _Purpose, key: str) -> DatabaseRow:
    table = one_time_keys.c
    valid = (table.purpose == purpose.value) & (table.key_hash == hash_key(key)) & (table.expires_at > dates.now())
    row = connection.execute(select(one_time_keys).where(valid)).first()
    if row is None:
        raise _invalid(purpose)
    return row


def _redeem(connection: Connection, purpose: _Purpose, key: str) -> DatabaseRow:
    row = _find(connection, purpose, key)
    # Of two concurrent requests with the same key, only one deletes the row.
    if connection.execute(delete(one_time_keys).where(one_time_keys.c.id == row.id)).rowcount == 0:
        raise _invalid(purpose)
    return row


def _invalid(purpose: _Purpose) -> BadRequest:
    what = "invitation" if purpose is _Purpose.INVITATION else "link to reset a password"
    return BadRequest(f"This {what} is invalid, used or expired; ask the operator of the platform for a new one")
