"""Users, passwords and tokens."""

import hashlib
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from voxel51.server.accounts.tables import tokens, users
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Conflict, NotFound, Unauthenticated
from voxel51.wire import dates
from voxel51.wire.tokens import AccessToken, TokenFile

RESERVED_NAMES = frozenset({"voxel51", "admin", "apps"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY_PREFIX = "v51_"
_SHORTEST_PASSWORD = 8


@dataclass(frozen=True, slots=True)
class User:
    """Who calls."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token as it can be listed: everything but its key, of which only a hash is kept."""

    id: str
    name: str
    created_at: datetime
    revoked_at: datetime | None


def hash_key(key: str) -> str:
    """What is kept of a random key. 256 random bits need no slow hash."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


class AccountService:
    """Creates users, issues and checks tokens. Passwords are kept as argon2 hashes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_user(self, name: str, password: str | None = None) -> User:
        """A new user; without a password only tokens sign in.

        Raises:
            BadRequest: the name or the password will not do.
            Conflict: there is a user of that name.
        """
        if not _NAME.fullmatch(name):
            raise BadRequest(
                f"{name!r} is no user name: take 1 to 64 letters, digits, '.', '_', '-', a letter or digit first"
            )
        if name.lower() in RESERVED_NAMES:
            raise BadRequest(f"The user name {name!r} is reserved; take another")
        if password is not None and len(password) < _SHORTEST_PASSWORD:
            raise BadRequest(f"The password is too short; take at least {_SHORTEST_PASSWORD} characters")
        user = User(str(uuid.uuid4()), name)
        hashed = None if password is None else PasswordHasher().hash(password)
        row = {"id": user.id, "name": name, "password_hash": hashed, "created_at": dates.now()}
        try:
            with self._database.write() as connection:
                connection.execute(insert(users).values(row))
        except IntegrityError:
            raise Conflict(f"There is a user named {name!r} already; take another name") from None
        return user

    def issue_token(self, user_name: str, token_name: str, base_url: str) -> TokenFile:
        """A further token of a user, as the file it is handed out in. Its key cannot be had a second time.

        Raises:
            NotFound: there is no such user.
        """
        key = _KEY_PREFIX + secrets.token_urlsafe(32)
        record = {"id": str(uuid.uuid4()), "name": token_name, "key_hash": hash_key(key), "created_at": dates.now()}
        with self._database.write() as connection:
            user = _find_user(connection, user_name)
            connection.execute(insert(tokens).values(**record, user_id=user.id))
        token: AccessToken = {
            "private_key": key,
            "token_id": str(record["id"]),
            "created_at": dates.to_text(dates.now()),
            "base_api_url": base_url,
        }
        return {"access_token": token}

    def list_tokens(self, user_name: str) -> list[TokenRecord]:
        """All tokens of a user, oldest first.

        Raises:
            NotFound: there is no such user.
        """
        with self._database.read() as connection:
            user = _find_user(connection, user_name)
            statement = select(tokens).where(tokens.c.user_id == user.id).order_by(tokens.c.created_at, tokens.c.id)
            rows = connection.execute(statement).all()
        return [TokenRecord(row.id, row.name, row.created_at, row.revoked_at) for row in rows]

    def revoke_token(self, user_name: str, token_id: str) -> None:
        """End a token at once; ending it again changes nothing.

        Raises:
            NotFound: the user has no such token.
        """
        with self._database.write() as connection:
            user = _find_user(connection, user_name)
            chosen = (tokens.c.id == token_id) & (tokens.c.user_id == user.id)
            if connection.execute(select(tokens.c.id).where(chosen)).first() is None:
                raise NotFound(f"User {user_name!r} has no token {token_id!r}; list them to see which there are")
            connection.execute(
                update(tokens).where(chosen, tokens.c.revoked_at.is_(None)).values(revoked_at=dates.now())
            )

    def authenticate(self, key: str) -> User:
        """The user whose token has this key.

        Raises:
            Unauthenticated: no token has it, or it is revoked.
        """
        statement = (
            select(users.c.id, users.c.name)
            .join(tokens, tokens.c.user_id == users.c.id)
            .where(tokens.c.key_hash == hash_key(key), tokens.c.revoked_at.is_(None))
        )
        with self._database.read() as connection:
            row = connection.execute(statement).first()
        if row is None:
            raise Unauthenticated("This API token is not known here, or it was revoked; get a new one")
        return User(row.id, row.name)


def _find_user(connection: Connection, name: str) -> Row[Any, Any]:
    statement = select(users.c.id, users.c.name).where(users.c.name == name, users.c.application_id.is_(None))
    row = connection.execute(statement).first()
    if row is None:
        raise NotFound(f"There is no user {name!r}; create it with: voxel51 server user create {name}")
    return row
