"""Tokens and sessions: random keys that stand for a user or an application. Only a hash of each is kept."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from voxel51.server.accounts import audit
from voxel51.server.accounts.audit import Principal
from voxel51.server.accounts.callers import DEFAULT_SCOPES, Application, Caller, Scopes
from voxel51.server.accounts.tables import tokens
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Forbidden, NotFound, Unauthenticated
from voxel51.wire import dates
from voxel51.wire.accounts import Scope, TokenRecord
from voxel51.wire.tokens import TokenFile

_KEY_PREFIX = "v51_"
_LONGEST_NAME = 128
_MOST_DAYS = 36525
_LONGEST_OVERLAP_SECONDS = 30 * 86400
_USE_NOTED_EVERY = timedelta(minutes=1)


class CredentialKind(StrEnum):
    """What a key was made for."""

    TOKEN = "token"  # noqa: S105  (a word, not a password)
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class TokenSpec:
    """What a new key is called and good for; ``scopes`` None are the usual ones, ``expires_at`` None is never."""

    name: str
    scopes: Scopes | None = None
    expires_at: datetime | None = None


def hash_key(key: str) -> str:
    """What is kept of a random key. 256 random bits need no slow hash."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def new_key(prefix: str = _KEY_PREFIX) -> str:
    """A key that nobody guesses: 256 random bits as text."""
    return prefix + secrets.token_urlsafe(32)


class TokenService:
    """Issues, lists, rotates and revokes the tokens of users and applications."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def issue(self, actor: Principal, holder: Caller, spec: TokenSpec, base_url: str) -> TokenFile:
        """A further token of ``holder``, as the file it is handed out in. Its key cannot be had a second time.

        Raises:
            BadRequest: the name is empty or too long, or there are no scopes.
            Forbidden: it would be good for more than ``actor``'s own credential.
        """
        _check_spec(actor, spec)
        with self._database.write() as connection:
            return self._issue(connection, actor, holder, spec, base_url)

    def all(self, holder: Caller, kind: CredentialKind = CredentialKind.TOKEN) -> list[TokenRecord]:
        """All of ``holder``'s, oldest first."""
        chosen = _held_by(holder) & (tokens.c.kind == kind.value)
        statement = select(tokens).where(chosen).order_by(tokens.c.created_at, tokens.c.id)
        with self._database.read() as connection:
            return [_to_wire(row) for row in connection.execute(statement)]

    def revoke(
        self, actor: Principal, holder: Caller, token_id: str, kind: CredentialKind = CredentialKind.TOKEN
    ) -> None:
        """End one at once; ending it again changes nothing.

        Raises:
            NotFound: the holder has no such.
        """
        with self._database.write() as connection:
            row = _find(connection, holder, token_id, kind)
            if row.revoked_at is None:
                connection.execute(update(tokens).where(tokens.c.id == token_id).values(revoked_at=dates.now()))
                audit.record(connection, actor, f"{kind.value} revoked", holder, id=token_id, name=row.name)

    def rotate(
        self, actor: Principal, holder: Caller, token_id: str, overlap_seconds: float, base_url: str
    ) -> TokenFile:
        """A token in the place of another: of the same name, scopes and, where it ends, length of life. The old one
        counts for ``overlap_seconds`` more.

        Raises:
            NotFound: the holder has no such token.
            BadRequest: it is not valid any more, or the overlap is negative or longer than 30 days.
            Forbidden: it is good for more than ``actor``'s own credential.
        """
        if not 0 <= overlap_seconds <= _LONGEST_OVERLAP_SECONDS:
            raise BadRequest(f"overlap_seconds is 0 to {_LONGEST_OVERLAP_SECONDS}, not {overlap_seconds}")
        overlap = timedelta(seconds=overlap_seconds)
        now = dates.now()
        with self._database.write() as connection:
            old = _find(connection, holder, token_id, CredentialKind.TOKEN)
            if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
                raise BadRequest(f"Token {token_id!r} is not valid any more; issue a new one instead")
            ends = None if old.expires_at is None else now + (old.expires_at - old.created_at)
            spec = TokenSpec(old.name, parse_scopes(old.scopes), ends)
            _check_spec(actor, spec)
            last = {"expires_at": _earlier(old.expires_at, now + overlap)} if overlap else {"revoked_at": now}
            connection.execute(update(tokens).where(tokens.c.id == token_id).values(last))
            return self._issue(connection, actor, holder, spec, base_url, replaces=token_id)

    def _issue(
        self, connection: Connection, actor: Principal, holder: Caller, spec: TokenSpec, base_url: str, **details: Any
    ) -> TokenFile:
        key, token_id, now = add(connection, holder, spec, CredentialKind.TOKEN)
        said = {"name": spec.name, "scopes": sorted(spec.scopes or DEFAULT_SCOPES), **details}
        audit.record(connection, actor, "token issued", holder, id=token_id, **said)
        created_at = dates.to_text(now)
        return {
            "access_token": {
                "private_key": key, "token_id": token_id, "created_at": created_at, "base_api_url": base_url
            }
        }  # fmt: skip

    def expire(self) -> int:
        """Delete sessions that are over; returns how many. Tokens stay on record."""
        over = func.coalesce(tokens.c.revoked_at, tokens.c.expires_at) < dates.now()
        with self._database.write() as connection:
            return connection.execute(
                tokens.delete().where(tokens.c.kind == CredentialKind.SESSION.value, over)
            ).rowcount


def add(connection: Connection, holder: Caller, spec: TokenSpec, kind: CredentialKind) -> tuple[str, str, datetime]:
    """A new key of ``holder``, its id, and when it was made."""
    key, token_id, now = new_key(), str(uuid.uuid4()), dates.now()
    column = tokens.c.application_id if isinstance(holder, Application) else tokens.c.user_id
    row = {
        "id": token_id,
        "name": spec.name,
        "kind": kind.value,
        "key_hash": hash_key(key),
        "created_at": now,
        "scopes": None if spec.scopes is None else " ".join(sorted(spec.scopes)),
        "expires_at": spec.expires_at,
    }
    connection.execute(insert(tokens).values({**row, column.name: holder.id}))
    return key, token_id, now


def revoke_all(connection: Connection, holder: Caller, *kinds: CredentialKind, but: str | None = None) -> None:
    """End all keys of ``holder`` of these kinds, except the one with the id ``but``."""
    chosen = _held_by(holder) & tokens.c.kind.in_([kind.value for kind in kinds]) & tokens.c.revoked_at.is_(None)
    if but is not None:
        chosen &= tokens.c.id != but
    connection.execute(update(tokens).where(chosen).values(revoked_at=dates.now()))


def token_spec(name: str, scopes: Iterable[Scope] | None, days: float | None) -> TokenSpec:
    """TokenSpec as a caller words them; ``days`` from now, or None for ever.

    Raises:
        BadRequest: there are no scopes, or no such number of days.
    """
    if scopes is not None and not (scopes := frozenset(scopes)):
        raise BadRequest(f"The token would be good for nothing; give it some of the scopes {', '.join(Scope)}")
    if days is None:
        return TokenSpec(name, scopes)
    if not 0 < days <= _MOST_DAYS:
        raise BadRequest(f"A token lasts above 0 and up to {_MOST_DAYS} days, not {days}; leave it out for ever")
    return TokenSpec(name, scopes, dates.now() + timedelta(days=days))


def parse_scopes(text: str | None) -> Scopes | None:
    """Scopes as they are kept."""
    return None if text is None else frozenset(map(Scope, text.split()))


def key_matches(key: str) -> ColumnElement[bool]:
    """Chooses the token that has ``key`` and was not revoked."""
    return (tokens.c.key_hash == hash_key(key)) & tokens.c.revoked_at.is_(None)


class CredentialUse:
    """Notes when keys were last used: to the minute, so that reading stays reading."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def check(self, row: Any, what: str) -> Any:
        """The row of a key that was shown, its ``token_id``, ``expires_at`` and ``last_used_at`` among others.

        Raises:
            Unauthenticated: there is none, or its time is over; ``what`` it would have been.
        """
        now = dates.now()
        if row is None:
            raise Unauthenticated(f"This {what} is not known here, or it was revoked; get a new one")
        if row.expires_at is not None and row.expires_at <= now:
            raise Unauthenticated(f"This {what} expired on {dates.to_text(row.expires_at)}; get a new one")
        if row.last_used_at is None or now - row.last_used_at >= _USE_NOTED_EVERY:
            unnoted = tokens.c.last_used_at.is_not_distinct_from(row.last_used_at)
            with self._database.write(durable=False) as connection:
                chosen = (tokens.c.id == row.token_id) & unnoted
                connection.execute(update(tokens).where(chosen).values(last_used_at=now))
        return row


def _check_spec(actor: Principal, spec: TokenSpec) -> None:
    if not 1 <= len(spec.name) <= _LONGEST_NAME:
        raise BadRequest(f"A token's name has 1 to {_LONGEST_NAME} characters, not {len(spec.name)}")
    held = getattr(actor, "scopes", frozenset(Scope))  # a command may give what it likes
    if beyond := sorted((DEFAULT_SCOPES if spec.scopes is None else spec.scopes) - held):
        raise Forbidden(
            f"A token cannot be good for more than what makes it; this credential lacks {', '.join(beyond)}. "
            f"Ask for some of {', '.join(sorted(held))}"
        )


def _find(connection: Connection, holder: Caller, token_id: str, kind: CredentialKind) -> Row[Any]:
    chosen = (tokens.c.id == token_id) & (tokens.c.kind == kind.value) & _held_by(holder)
    row = connection.execute(select(tokens).where(chosen).with_for_update()).first()
    if row is None:
        raise NotFound(f"{holder.name!r} has no {kind.value} {token_id!r}; list them to see which there are")
    return row


def _held_by(holder: Caller) -> ColumnElement[bool]:
    column = tokens.c.application_id if isinstance(holder, Application) else tokens.c.user_id
    return column == holder.id


def _earlier(first: datetime | None, second: datetime) -> datetime:
    return second if first is None else min(first, second)


def _to_wire(row: Row[Any]) -> TokenRecord:
    def text(moment: datetime | None) -> str | None:
        return None if moment is None else dates.to_text(moment)

    return {
        "id": row.id,
        "name": row.name,
        "scopes": sorted(parse_scopes(row.scopes) or DEFAULT_SCOPES),
        "created_at": dates.to_text(row.created_at),
        "expires_at": text(row.expires_at),
        "last_used_at": text(row.last_used_at),
        "revoked_at": text(row.revoked_at),
    }
