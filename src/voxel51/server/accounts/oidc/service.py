"""Whom a provider's word lets in, and as which user."""

import re
import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from voxel51.server.accounts import audit
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.entrance import EntranceService
from voxel51.server.accounts.names import check_name
from voxel51.server.accounts.oidc.provider import Attempt, Identity, IdentityProvider
from voxel51.server.accounts.service import check_is_whole
from voxel51.server.accounts.sessions import Session, SessionService
from voxel51.server.accounts.tables import identities, users
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Conflict, NotFound, Unauthenticated
from voxel51.server.sealing import BrokenSeal, Sealer
from voxel51.wire import dates

BEGUN_LASTS = timedelta(minutes=10)
_LONGEST_BASE = 50
_MOST_NAMES = 50
"""So many of ``alice``, ``alice-2``, ``alice-3``, … are tried."""

_LONGEST_PATH = 2048
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # of this platform: no host of another, and no space


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt that a browser is sent away with: where to, and what it must bring back, sealed."""

    url: str
    sealed: str


class _Kept(msgspec.Struct):
    """What the browser brings back. ``user_id``: of who is signed in already, and adds this way in."""

    attempt: Attempt
    expires_at: datetime
    next_path: str
    invitation: str | None = None
    user_id: str | None = None


class ElsewhereService:
    """Signs people in by an account that they have elsewhere.

    Who comes for the first time gets an account where signing up is open to them: as `EntranceService` says, or because
    the provider verified an address at one of ``domains``.
    """

    def __init__(
        self,
        database: Database,
        entrance: EntranceService,
        sessions: SessionService,
        provider: IdentityProvider | None,
        sealer: Sealer,
        domains: Iterable[str],
        callback_url: str,
    ) -> None:
        self._database = database
        self._entrance = entrance
        self._sessions = sessions
        self._provider = provider
        self._sealer = sealer
        self._domains = frozenset(domains)
        self._callback_url = callback_url

    def look(self) -> None:
        """Ask the provider what it says of itself, unless that is known; raises as `begin` does."""
        self._known().look()

    def begin(self, next_path: str | None = None, invitation: str | None = None, user: User | None = None) -> Begun:
        """Send a browser to the provider. It ends at ``next_path``; a ``user`` adds this way in to an own account.

        Raises:
            NotFound: there is no provider.
            BadRequest: the path is none of this platform.
            Forbidden: the user's credential is not good for all that the account is.
            SourceAway: the provider does not answer.
            SourceRefused: it says nothing that can be used.
        """
        provider = self._known()
        if user is not None:
            if user.application_id is not None:
                raise BadRequest("Users of an application do not sign in by themselves; the application does")
            with self._database.read() as connection:
                check_is_whole(connection, user)
        if len(next_path or "/") > _LONGEST_PATH or not _PATH.fullmatch(next_path or "/"):
            raise BadRequest(f"next is {next_path!r:.100}; it must be a path of this platform, such as /jobs")
        attempt = Attempt(*(secrets.token_urlsafe(32) for _ in range(3)))
        kept = _Kept(
            attempt, dates.now() + BEGUN_LASTS, next_path or "/", invitation, None if user is None else user.id
        )
        url = provider.authorization_url(self._callback_url, attempt)
        return Begun(url, self._sealer.seal(msgspec.json.encode(kept).decode()))

    def finish(self, arguments: Mapping[str, str], sealed: str | None, browser: str) -> tuple[Session | None, str]:
        """Whoever comes back: a new session (None: who was signed in stays so), and the path to go on with.

        Raises:
            Unauthenticated: it is not the browser that was sent, it took too long, or the provider does not vouch.
            Forbidden: there is no account, and none is made; or it is suspended.
            Conflict: somebody else signs in by this already.
            BadRequest: the invitation does not count (any more).
            SourceAway: the provider does not answer.
            SourceRefused: it says nothing that can be used.
        """
        provider = self._known()
        kept = self._opened(sealed)
        if not secrets.compare_digest(arguments.get("state", "").encode(), kept.attempt.state.encode()):
            raise Unauthenticated("This is not the sign-in that this browser began last; begin it again")
        if arguments.get("iss", provider.client.issuer) != provider.client.issuer:
            raise Unauthenticated("This comes from another provider than was asked; begin the sign-in again")
        if "code" not in arguments:
            reason = arguments.get("error_description") or arguments.get("error") or "it gives no reason"
            raise Unauthenticated(f"{provider.client.name} did not sign you in: {reason:.200}")
        identity = provider.identify(arguments["code"], self._callback_url, kept.attempt)
        with self._database.write() as connection:
            user = _user_of(connection, identity)
            if kept.user_id is not None:
                self._link(connection, identity, kept.user_id, user)
                return None, kept.next_path
            user = user or self._newcomer(connection, identity, kept.invitation)
            connection.execute(update(users).where(users.c.id == user.id).values(email=identity.email))
            return self._sessions.begin(connection, user, browser, "signed in"), kept.next_path

    def unlink(self, user: User) -> None:
        """Let a user sign in by a password alone.

        Raises:
            NotFound: the user signs in nowhere else.
            Conflict: there is no password.
        """
        with self._database.write() as connection:
            row = connection.execute(select(users.c.password_hash).where(users.c.id == user.id)).one()
            if row.password_hash is None:
                raise Conflict("There would be no way left to sign in; choose a password first")
            if connection.execute(delete(identities).where(identities.c.user_id == user.id)).rowcount == 0:
                raise NotFound("You sign in here by your password alone")
            audit.record(connection, user, "other sign-in removed", user)

    def _known(self) -> IdentityProvider:
        if self._provider is None:
            raise NotFound("Nobody signs in here by another provider; the setting oidc_issuer names one")
        return self._provider

    def _opened(self, sealed: str | None) -> _Kept:
        try:
            kept = msgspec.json.decode(self._sealer.unseal(sealed or ""), type=_Kept)
        except (BrokenSeal, msgspec.DecodeError):
            raise Unauthenticated(
                "This browser began no sign-in here, or does not keep cookies; begin it again"
            ) from None
        if kept.expires_at < dates.now():
            raise Unauthenticated("This sign-in took longer than ten minutes; begin it again")
        return kept

    def _newcomer(self, connection: Connection, identity: Identity, invitation: str | None) -> User:
        domain = (identity.email or "").rpartition("@")[2].lower()
        user = None
        for name in _names(identity.name_hint):
            try:
                with self._database.write():  # undone alone where the name is taken, its invitation with it
                    user = self._entrance.admit(connection, name, None, invitation, domain in self._domains)
                break
            except Conflict:
                continue
        if user is None:
            raise Conflict(f"All names like {identity.name_hint!r:.100} are taken; ask the operator for an account")
        _add_identity(connection, identity, user)
        return user

    def _link(self, connection: Connection, identity: Identity, user_id: str, holder: User | None) -> None:
        if holder is not None and holder.id != user_id:
            raise Conflict("Somebody else signs in by this account already")
        row = connection.execute(
            select(users.c.name).where(users.c.id == user_id, users.c.deleted_at.is_(None))
        ).first()
        if row is None:
            raise NotFound("The account is gone")
        if holder is None:
            user = User(user_id, row.name)
            _add_identity(connection, identity, user)
            audit.record(connection, user, "other sign-in added", user, issuer=identity.issuer)


def _user_of(connection: Connection, identity: Identity) -> User | None:
    chosen = (identities.c.issuer == identity.issuer) & (identities.c.subject == identity.subject)
    statement = select(users.c.id, users.c.name).join(identities, identities.c.user_id == users.c.id).where(chosen)
    row = connection.execute(statement).first()
    return None if row is None else User(row.id, row.name)


def _add_identity(connection: Connection, identity: Identity, user: User) -> None:
    row = {"issuer": identity.issuer, "subject": identity.subject, "user_id": user.id, "created_at": dates.now()}
    try:
        with connection.begin_nested():
            connection.execute(insert(identities).values(row))
    except IntegrityError:  # of two sign-ins at once, one came first
        raise Conflict("You are signing in by another window just now; try again") from None


def _names(hint: str) -> Iterable[str]:
    """User names like ``hint``, the nearest first."""
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", hint)[:_LONGEST_BASE].strip("._-") or "user"
    try:
        check_name("user", base)
        yield base
    except BadRequest:  # reserved
        pass
    yield from (f"{base}-{number}" for number in range(2, _MOST_NAMES))
    yield f"{base}-{uuid.uuid4().hex[:8]}"
