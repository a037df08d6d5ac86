"""Keys that work once: invitations to make an account, and permissions to choose a new password."""

import uuid
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from voxel51.server.accounts import audit
from voxel51.server.accounts.audit import COMMAND_LINE, Principal
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.names import check_name
from voxel51.server.accounts.passwords import hash_password
from voxel51.server.accounts.service import add_user, has_users, set_password
from voxel51.server.accounts.sessions import Session, SessionService
from voxel51.server.accounts.tables import one_time_keys, users
from voxel51.server.accounts.tokens import hash_key, new_key
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Forbidden
from voxel51.wire import dates
from voxel51.wire.accounts import OneTimeKey, Role, SignUpMode

_RESET_LASTS = timedelta(days=1)
_MOST_DAYS = 365


class _Kind(StrEnum):
    INVITATION = "invitation"
    RESET = "reset"


class SignUpService:
    """Lets people in: by an invitation or without one, as ``mode`` says, and again when a password is forgotten."""

    def __init__(self, database: Database, sessions: SessionService, mode: SignUpMode) -> None:
        self._database = database
        self._sessions = sessions
        self.mode = mode

    def is_first(self) -> bool:
        """Whether there is no account yet, and the next may be made without an invitation: that of the operator."""
        with self._database.read() as connection:
            return self.mode is not SignUpMode.OFF and not has_users(connection)

    def invite(self, actor: Principal, role: Role, days: float) -> OneTimeKey:
        """A key with which one person makes an account of that role.

        Raises:
            BadRequest: the number of days is none, or nobody may sign up here.
        """
        if self.mode is SignUpMode.OFF:
            raise BadRequest("Nobody can sign up here; create the account, or set sign_up to 'invite'")
        if not 0 < days <= _MOST_DAYS:
            raise BadRequest(f"An invitation lasts above 0 and up to {_MOST_DAYS} days, not {days}")
        with self._database.write() as connection:
            audit.record(connection, actor, "invitation made", actor, role=role.value)
            return _issue(connection, _Kind.INVITATION, timedelta(days=days), role=role.value)

    def sign_up(self, name: str, password: str, invitation: str | None, browser: str) -> Session:
        """Make an account and sign in. The first one is an operator's.

        Raises:
            BadRequest: the name or the password will not do, or the invitation does not count (any more).
            Forbidden: an invitation is needed, or nobody may.
            Conflict: the name is taken.
        """
        check_name("user", name)
        with self._database.read() as connection:
            self._check_may(connection, invitation)  # before the processor is troubled with the password
        hashed = hash_password(password)
        with self._database.write() as connection:
            user = self.admit(connection, name, hashed, invitation)
            return self._sessions.begin(connection, user, browser, "signed in")

    def admit(
        self, connection: Connection, name: str, hashed: str | None, invitation: str | None, is_welcome: bool = False
    ) -> User:
        """Make an account, whose name was checked; raises as `sign_up` does. Who ``is_welcome`` needs no invitation."""
        acquire_advisory_locks(connection, "first user")
        if not is_welcome:
            self._check_may(connection, invitation)
        role = Role(_redeem(connection, _Kind.INVITATION, invitation).role) if invitation else None
        return add_user(connection, None, name, hashed, role)

    def permit_reset(self, user: User, actor: Principal = COMMAND_LINE) -> OneTimeKey:
        """A key with which ``user`` chooses a new password within a day; earlier ones count no more."""
        with self._database.write() as connection:
            connection.execute(delete(one_time_keys).where(one_time_keys.c.user_id == user.id))
            audit.record(connection, actor, "password reset permitted", user)
            return _issue(connection, _Kind.RESET, _RESET_LASTS, user_id=user.id)

    def reset(self, key: str, password: str) -> None:
        """Choose a new password by a key; all sessions end.

        Raises:
            BadRequest: the key does not count (any more), or the password will not do.
        """
        hashed = hash_password(password)
        with self._database.write() as connection:
            found = _redeem(connection, _Kind.RESET, key)
            name = connection.execute(select(users.c.name).where(users.c.id == found.user_id)).scalar_one()
            user = User(found.user_id, name)
            set_password(connection, user, user, hashed)

    def expire(self) -> int:
        """Delete keys whose time is over; returns how many."""
        with self._database.write() as connection:
            return connection.execute(delete(one_time_keys).where(one_time_keys.c.expires_at <= dates.now())).rowcount

    def _check_may(self, connection: Connection, invitation: str | None) -> None:
        if self.mode is SignUpMode.OFF:
            raise Forbidden("Nobody can sign up here; ask the operator of the platform for an account")
        if self.mode is SignUpMode.INVITE and not invitation and has_users(connection):
            raise Forbidden("An invitation is needed to sign up here; ask the operator of the platform for one")


def _issue(connection: Connection, kind: _Kind, lasts: timedelta, **more: Any) -> OneTimeKey:
    key, now = new_key(f"{kind.value}_"), dates.now()
    expires_at: datetime = now + lasts
    row = {"id": str(uuid.uuid4()), "purpose": kind.value, "key_hash": hash_key(key), "created_at": now, **more}
    connection.execute(insert(one_time_keys).values(expires_at=expires_at, **row))
    return {"key": key, "expires_at": dates.to_text(expires_at)}


def _redeem(connection: Connection, kind: _Kind, key: str) -> Row[Any]:
    counts = (
        (one_time_keys.c.purpose == kind.value)
        & (one_time_keys.c.key_hash == hash_key(key))
        & (one_time_keys.c.expires_at > dates.now())
    )
    row = connection.execute(select(one_time_keys).where(counts)).first()
    # Of two who come with the same key at once, one deletes it.
    if row is None or connection.execute(delete(one_time_keys).where(one_time_keys.c.id == row.id)).rowcount == 0:
        what = "invitation" if kind is _Kind.INVITATION else "link to choose a new password"
        raise BadRequest(f"This {what} was used, or is over; ask the operator of the platform for a new one")
    return row
