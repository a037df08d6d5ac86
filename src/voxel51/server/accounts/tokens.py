"""Tokens: random keys that stand for a user or an application. Only a hash of each is kept."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, select, update

from voxel51.server.accounts.callers import Application, Caller
from voxel51.server.accounts.tables import tokens
from voxel51.server.errors import NotFound
from voxel51.wire import dates
from voxel51.wire.tokens import AccessToken, TokenFile

_KEY_PREFIX = "v51_"


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token as it can be listed: everything but its key."""

    id: str
    name: str
    created_at: datetime
    revoked_at: datetime | None


def hash_key(key: str) -> str:
    """What is kept of a random key. 256 random bits need no slow hash."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def issue(connection: Connection, holder: Caller, name: str, base_url: str) -> TokenFile:
    """A further token of ``holder``, as the file it is handed out in. Its key cannot be had a second time."""
    key = _KEY_PREFIX + secrets.token_urlsafe(32)
    now = dates.now()
    token_id = str(uuid.uuid4())
    row = {"id": token_id, "name": name, "key_hash": hash_key(key), "created_at": now}
    column = tokens.c.application_id if isinstance(holder, Application) else tokens.c.user_id
    connection.execute(insert(tokens).values({**row, column.name: holder.id}))
    token: AccessToken = {
        "private_key": key,
        "token_id": token_id,
        "created_at": dates.to_text(now),
        "base_api_url": base_url,
    }
    return {"access_token": token}


def records(connection: Connection, holder: Caller) -> list[TokenRecord]:
    """All tokens of ``holder``, oldest first."""
    statement = select(tokens).where(_held_by(holder)).order_by(tokens.c.created_at, tokens.c.id)
    rows = connection.execute(statement).all()
    return [TokenRecord(row.id, row.name, row.created_at, row.revoked_at) for row in rows]


def revoke(connection: Connection, holder: Caller, token_id: str) -> None:
    """End a token at once; ending it again changes nothing.

    Raises:
        NotFound: the holder has no such token.
    """
    chosen = (tokens.c.id == token_id) & _held_by(holder)
    if connection.execute(select(tokens.c.id).where(chosen)).first() is None:
        raise NotFound(f"{holder.name!r} has no token {token_id!r}; list them to see which there are")
    connection.execute(update(tokens).where(chosen, tokens.c.revoked_at.is_(None)).values(revoked_at=dates.now()))


def has_key(key: str) -> ColumnElement[bool]:
    """Chooses the token that has ``key`` and is valid."""
    return (tokens.c.key_hash == hash_key(key)) & tokens.c.revoked_at.is_(None)


def _held_by(holder: Caller) -> ColumnElement[bool]:
    column = tokens.c.application_id if isinstance(holder, Application) else tokens.c.user_id
    return column == holder.id
