"""Tokens and sessions: random keys that authenticate a user or an application. Only a hash of each key is stored."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, insert, select, update

from voxel51.server.accounts import audit
from voxel51.server.accounts.audit import Principal
from voxel51.server.accounts.callers import DEFAULT_SCOPES, Application, Caller, Scopes
from voxel51.server.accounts.tables import tokens
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, Forbidden, NotFound, OutOfSpace, Unauthenticated
from voxel51.wire import dates
from voxel51.wire.accounts import Scope, TokenRecord
from voxel51.wire.tokens import TokenFile

_KEY_PREFIX = "v51_"
_TOKEN_KEY_BYTES = 64
"""Random bytes of a token's key. The original client's ``auth show`` prints the first 47 characters of a key that is
longer than 51; the other 43 still hold 256 bits."""
_MAX_NAME_LENGTH = 128
_MAX_DAYS = 36525
_MAX_OVERLAP_SECONDS = 30 * 86400
_USE_RECORDED_EVERY = timedelta(minutes=1)
_ENDS = (tokens.c.revoked_at, tokens.c.expires_at)
"""Columns with the dates at which a credential becomes invalid."""


class CredentialKind(StrEnum):
    """A token, which programs use, or a session, which a browser gets by signing in."""

    TOKEN = "token"  # noqa: S105  (a word, not a password)
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class TokenSpec:
    """Properties of a new token. ``scopes`` None means the default scopes; ``expires_at`` None means never."""

    name: str
    scopes: Scopes | None = None
    expires_at: datetime | None = None


def hash_key(key: str) -> str:
    """Return the hash to store for a random key. A key of 256 random bits needs no slow hash."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def new_key(prefix: str = _KEY_PREFIX, random_bytes: int = 32) -> str:
    """Return a new random key, by default 256 bits, as text."""
    return prefix + secrets.token_urlsafe(random_bytes)


class TokenService:
    """Issues, lists, rotates and revokes the tokens of users and applications."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def issue(self, actor: Principal, holder: Caller, spec: TokenSpec, base_url: str) -> TokenFile:
        """Issue a token to ``holder`` and return it as a token file. The key cannot be read again later.

        Raises:
            BadRequest: the name is empty or too long, or there are no scopes.
            Forbidden: the token would have scopes that ``actor``'s own credential lacks.
        """
        _check_spec(actor, spec)
        with self._database.write() as connection:
            return self._issue(connection, actor, holder, spec, base_url)

    def all(self, holder: Caller, kind: CredentialKind = CredentialKind.TOKEN) -> list[TokenRecord]:
        """Return all tokens (or sessions) of ``holder``, oldest first."""
        chosen = _held_by(holder) & (tokens.c.kind == kind.value)
        statement = select(tokens).where(chosen).order_by(tokens.c.created_at, tokens.c.id)
        with self._database.read() as connection:
            return [_to_wire(row) for row in connection.execute(statement)]

    def revoke(
        self, actor: Principal, holder: Caller, token_id: str, kind: CredentialKind = CredentialKind.TOKEN
    ) -> None:
        """Revoke a token (or session) at once. Revoking it again does nothing.

        Raises:
            NotFound: the holder has no such token.
        """
        with self._database.write() as connection:
            row = _find(connection, holder, token_id, kind)
            if row.revoked_at is None:
                connection.execute(update(tokens).where(tokens.c.id == token_id).values(revoked_at=dates.now()))
                audit.record(connection, actor, f"{kind.value} revoked", holder, id=token_id, name=row.name)

    def rotate(
        self, actor: Principal, holder: Caller, token_id: str, overlap_seconds: float, base_url: str
    ) -> TokenFile:
        """Replace a token by one with the same name, scopes and, if it expires, length of life.

        The old token stays valid for ``overlap_seconds``.

        Raises:
            NotFound: the holder has no such token.
            BadRequest: the token is no longer valid, or the overlap is negative or longer than 30 days.
            Forbidden: the token has scopes that ``actor``'s own credential lacks.
        """
        if not 0 <= overlap_seconds <= _MAX_OVERLAP_SECONDS:
            raise BadRequest(f"overlap_seconds is 0 to {_MAX_OVERLAP_SECONDS}, not {overlap_seconds}")
        overlap = timedelta(seconds=overlap_seconds)
        now = dates.now()
        with self._database.write() as connection:
            old = _find(connection, holder, token_id, CredentialKind.TOKEN)
            if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
                raise BadRequest(f"Token {token_id!r} is no longer valid; issue a new one instead")
            expires_at = None if old.expires_at is None else now + (old.expires_at - old.created_at)
            spec = TokenSpec(old.name, parse_scopes(old.scopes), expires_at)
            _check_spec(actor, spec)
            end = {"expires_at": _earlier(old.expires_at, now + overlap)} if overlap else {"revoked_at": now}
            connection.execute(update(tokens).where(tokens.c.id == token_id).values(end))
            return self._issue(connection, actor, holder, spec, base_url, replaces=token_id)

    def _issue(
        self, connection: Connection, actor: Principal, holder: Caller, spec: TokenSpec, base_url: str, **details: str
    ) -> TokenFile:
        key, token_id, now = add_credential(connection, holder, spec, CredentialKind.TOKEN)
        scopes = sorted(spec.scopes or DEFAULT_SCOPES)
        audit.record(connection, actor, "token issued", holder, id=token_id, name=spec.name, scopes=scopes, **details)
        created_at = dates.to_text(now)
        return {
            "access_token": {
                "private_key": key, "token_id": token_id, "created_at": created_at, "base_api_url": base_url
            }
        }  # fmt: skip

    def expire(self) -> int:
        """Delete revoked and expired sessions; return how many. Tokens stay on record."""
        sessions = tokens.delete().where(tokens.c.kind == CredentialKind.SESSION.value)
        # Two statements, because no index serves an OR of two columns.
        with self._database.write() as connection:
            ended = (connection.execute(sessions.where(date < dates.now())) for date in _ENDS)
            return sum(deleted.rowcount for deleted in ended)


def add_credential(
    connection: Connection, holder: Caller, spec: TokenSpec, kind: CredentialKind
) -> tuple[str, str, datetime]:
    """Create a credential of ``holder``; return its key, its id, and its date of creation."""
    key = new_key(random_bytes=_TOKEN_KEY_BYTES if kind == CredentialKind.TOKEN else 32)
    token_id, now = str(uuid.uuid4()), dates.now()
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
    """Revoke all credentials of ``holder`` of these kinds, except the one with the id ``but``."""
    chosen = _held_by(holder) & tokens.c.kind.in_([kind.value for kind in kinds]) & tokens.c.revoked_at.is_(None)
    if but is not None:
        chosen &= tokens.c.id != but
    connection.execute(update(tokens).where(chosen).values(revoked_at=dates.now()))


def token_spec(name: str, scopes: Iterable[Scope] | None, days: float | None) -> TokenSpec:
    """Return the spec that a request describes; ``days`` from now until it expires, None for never.

    Raises:
        BadRequest: the scopes are empty, or the number of days is out of range.
    """
    if scopes is not None and not (scopes := frozenset(scopes)):
        raise BadRequest(f"The token has no scopes; give it some of: {', '.join(Scope)}")
    if days is None:
        return TokenSpec(name, scopes)
    if not 0 < days <= _MAX_DAYS:
        raise BadRequest(
            f"A token lasts more than 0 and up to {_MAX_DAYS} days, not {days}; omit days for one that never expires"
        )
    return TokenSpec(name, scopes, dates.now() + timedelta(days=days))


def parse_scopes(text: str | None) -> Scopes | None:
    """Return the scopes in a column of the database; None means the default scopes."""
    return None if text is None else frozenset(map(Scope, text.split()))


def key_matches(key: str) -> ColumnElement[bool]:
    """Return the condition that selects the unrevoked credential with this key."""
    return (tokens.c.key_hash == hash_key(key)) & tokens.c.revoked_at.is_(None)


class CredentialCheck:
    """Checks credentials and records when each was last used, to the minute, so that most requests only read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def check(self, row: DatabaseRow | None, what: str) -> DatabaseRow:
        """Return the ``row`` of a credential: it has ``token_id``, ``expires_at`` and ``last_used_at``.

        Raises:
            Unauthenticated: there is no row, or it is expired; ``what`` names the kind of credential.
        """
        now = dates.now()
        if row is None:
            raise Unauthenticated(f"This {what} is unknown or was revoked; get a new one")
        if row.expires_at is not None and row.expires_at <= now:
            raise Unauthenticated(f"This {what} expired on {dates.to_text(row.expires_at)}; get a new one")
        if row.last_used_at is None or now - row.last_used_at >= _USE_RECORDED_EVERY:
            # The condition lets only one of several concurrent requests write.
            unchanged = tokens.c.last_used_at.is_not_distinct_from(row.last_used_at)
            # On a full disk, users read, and delete what they do not need.
            with suppress(OutOfSpace), self._database.write(durable=False) as connection:
                chosen = (tokens.c.id == row.token_id) & unchanged
                connection.execute(update(tokens).where(chosen).values(last_used_at=now))
        return row


def _check_spec(actor: Principal, spec: TokenSpec) -> None:
    if not 1 <= len(spec.name) <= _MAX_NAME_LENGTH:
        raise BadRequest(f"A token's name has 1 to {_MAX_NAME_LENGTH} characters, not {len(spec.name)}")
    held = getattr(actor, "scopes", frozenset(Scope))  # the command line has no scopes: it may grant all
    if missing := sorted((DEFAULT_SCOPES if spec.scopes is None else spec.scopes) - held):
        raise Forbidden(
            "A token cannot have more scopes than the credential that issues it; this credential lacks: "
            f"{', '.join(missing)}. Request only some of: {', '.join(sorted(held))}"
        )


def _find(connection: Connection, holder: Caller, token_id: str, kind: CredentialKind) -> DatabaseRow:
    chosen = (tokens.c.id == token_id) & (tokens.c.kind == kind.value) & _held_by(holder)
    row = connection.execute(select(tokens).where(chosen).with_for_update()).first()
    if row is None:
        raise NotFound(f"{holder.name!r} has no {kind.value} {token_id!r}; list them to see the valid ids")
    return row


def _held_by(holder: Caller) -> ColumnElement[bool]:
    column = tokens.c.application_id if isinstance(holder, Application) else tokens.c.user_id
    return column == holder.id


def _earlier(first: datetime | None, second: datetime) -> datetime:
    return second if first is None else min(first, second)


def _to_wire(row: DatabaseRow) -> TokenRecord:
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
