"""OIDC sign-in: start and finish the authorization code flow, and link provider accounts to users of the platform."""

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
from voxel51.server.accounts.names import check_name
from voxel51.server.accounts.oidc.provider import AuthorizationSecrets, Identity, IdentityProvider
from voxel51.server.accounts.service import require_full_access
from voxel51.server.accounts.sessions import Session, SessionService
from voxel51.server.accounts.sign_up import SignUpService
from voxel51.server.accounts.tables import oidc_identities, users
from voxel51.server.database.database import Database
from voxel51.server.encryption import Cipher, DecryptionError
from voxel51.server.errors import BadRequest, Conflict, NotFound, Unauthenticated
from voxel51.wire import dates

SIGN_IN_LIFETIME = timedelta(minutes=10)
"""Time in which a user must come back from the provider."""

_MAX_BASE_NAME_LENGTH = 50
_MAX_NAME_SUFFIX = 50
"""``alice``, ``alice-2``, ``alice-3``, … are tried up to this number."""

_MAX_PATH_LENGTH = 2048
# A path on this platform. The second character excludes ``//host`` and ``/\host``, which browsers read as other hosts.
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")


@dataclass(frozen=True, slots=True)
class StartedSignIn:
    """A sign-in that a browser starts: the provider's ``url`` to visit, and the encrypted ``cookie`` to bring back."""

    url: str
    cookie: str


class _PendingSignIn(msgspec.Struct):
    """Content of the encrypted cookie. ``user_id`` is the signed-in user who links a provider account, if any."""

    secrets: AuthorizationSecrets
    expires_at: datetime
    next_path: str
    invitation: str | None = None
    user_id: str | None = None


class OidcService:
    """Signs users in through an OpenID provider.

    The first sign-in of a provider account creates a user where the account may sign up: as `SignUpService` decides, or
    because the provider verified an e-mail address at one of ``domains``.

    Nothing is stored for a sign-in that was only started: its state travels in an encrypted cookie.
    """

    def __init__(
        self,
        database: Database,
        sign_up: SignUpService,
        sessions: SessionService,
        provider: IdentityProvider | None,
        cipher: Cipher,
        domains: Iterable[str],
        callback_url: str,
    ) -> None:
        self._database = database
        self._sign_up = sign_up
        self._sessions = sessions
        self._provider = provider
        self._cipher = cipher
        self._domains = frozenset(domains)
        self._callback_url = callback_url

    def discover(self) -> None:
        """Load the provider's metadata unless it is cached; raise as `start` does."""
        self._require_provider().discover()

    def start(
        self, next_path: str | None = None, invitation: str | None = None, user: User | None = None
    ) -> StartedSignIn:
        """Start a sign-in that ends at ``next_path``. With ``user``, link the provider account to that user instead.

        Raises:
            NotFound: no provider is configured.
            BadRequest: ``next_path`` is not a path on this platform.
            Forbidden: the user's credential does not have all scopes of the account.
            SourceAway: the provider does not respond.
            SourceRefused: the provider's metadata is unusable.
        """
        provider = self._require_provider()
        if user is not None:
            if user.application_id is not None:
                raise BadRequest(
                    "Users of an application cannot sign in to the platform; the application signs them in"
                )
            with self._database.read() as connection:
                require_full_access(connection, user)
        if len(next_path or "/") > _MAX_PATH_LENGTH or not _PATH.fullmatch(next_path or "/"):
            raise BadRequest(f"next is {next_path!r:.100}; it must be a path on this platform, such as /jobs")
        authorization = AuthorizationSecrets(*(secrets.token_urlsafe(32) for _ in range(3)))
        pending = _PendingSignIn(
            authorization,
            dates.now() + SIGN_IN_LIFETIME,
            next_path or "/",
            invitation,
            None if user is None else user.id,
        )
        url = provider.authorization_url(self._callback_url, authorization)
        return StartedSignIn(url, self._cipher.encrypt(msgspec.json.encode(pending).decode()))

    def finish(self, arguments: Mapping[str, str], cookie: str | None, browser: str) -> tuple[Session | None, str]:
        """Finish a sign-in with the ``arguments`` of the provider's redirect.

        Returns:
            The new session, or None where a signed-in user linked a provider account; and the path to continue at.

        Raises:
            Unauthenticated: another browser started the sign-in, it expired, or the provider denies it.
            Forbidden: the account does not exist and may not be created, or it is suspended.
            Conflict: the provider account is linked to another user.
            BadRequest: the invitation is invalid or expired.
            SourceAway: the provider does not respond.
            SourceRefused: the provider's metadata is unusable.
        """
        provider = self._require_provider()
        pending = self._decrypt_cookie(cookie)
        # ``state`` binds the redirect to the browser that started the sign-in (login CSRF); ``iss`` to the provider
        # that was asked (mix-up attack, RFC 9207).
        if not secrets.compare_digest(arguments.get("state", "").encode(), pending.secrets.state.encode()):
            raise Unauthenticated("This is not the sign-in that this browser started last. Start the sign-in again")
        if arguments.get("iss", provider.client.issuer) != provider.client.issuer:
            raise Unauthenticated("The response came from another provider than the one asked. Start the sign-in again")
        if "code" not in arguments:
            reason = arguments.get("error_description") or arguments.get("error") or "no reason was given"
            raise Unauthenticated(f"{provider.client.name} did not sign you in: {reason:.200}")
        identity = provider.identify(arguments["code"], self._callback_url, pending.secrets)
        with self._database.write() as connection:
            user = _find_user(connection, identity)
            if pending.user_id is not None:
                self._link(connection, identity, pending.user_id, user)
                return None, pending.next_path
            user = user or self._create_user(connection, identity, pending.invitation)
            connection.execute(update(users).where(users.c.id == user.id).values(email=identity.email))
            return self._sessions.begin(connection, user, browser, "signed in"), pending.next_path

    def unlink(self, user: User) -> None:
        """Remove the link to a provider account: the user signs in by password only.

        Raises:
            NotFound: the user has no linked provider account.
            Conflict: the user has no password.
        """
        with self._database.write() as connection:
            row = connection.execute(select(users.c.password_hash).where(users.c.id == user.id)).one()
            if row.password_hash is None:
                raise Conflict("The account has no password, so OIDC is the only way to sign in. Set a password first")
            if connection.execute(delete(oidc_identities).where(oidc_identities.c.user_id == user.id)).rowcount == 0:
                raise NotFound("No OIDC sign-in is linked to this account")
            audit.record(connection, user, "other sign-in removed", user)

    def _require_provider(self) -> IdentityProvider:
        if self._provider is None:
            raise NotFound("OIDC sign-in is not configured on this platform; see the setting oidc_issuer")
        return self._provider

    def _decrypt_cookie(self, cookie: str | None) -> _PendingSignIn:
        try:
            pending = msgspec.json.decode(self._cipher.decrypt(cookie or ""), type=_PendingSignIn)
        except (DecryptionError, msgspec.DecodeError):
            raise Unauthenticated(
                "This browser did not start a sign-in here, or does not store cookies. Start the sign-in again"
            ) from None
        if pending.expires_at < dates.now():
            raise Unauthenticated("The sign-in took longer than ten minutes. Start it again")
        return pending

    def _create_user(self, connection: Connection, identity: Identity, invitation: str | None) -> User:
        domain = (identity.email or "").rpartition("@")[2].lower()
        user = None
        for name in _candidate_names(identity.name_hint):
            try:
                # A nested transaction: where the name is taken, only this try is rolled back, and the invitation that
                # it redeemed is valid again for the next name.
                with self._database.write():
                    user = self._sign_up.admit(connection, name, None, invitation, domain in self._domains)
                break
            except Conflict:
                continue
        if user is None:
            raise Conflict(
                f"All user names like {identity.name_hint!r:.100} are taken; ask the operator for an account"
            )
        _add_identity(connection, identity, user)
        return user

    def _link(self, connection: Connection, identity: Identity, user_id: str, linked_user: User | None) -> None:
        if linked_user is not None and linked_user.id != user_id:
            raise Conflict("This provider account is linked to another user")
        row = connection.execute(
            select(users.c.name).where(users.c.id == user_id, users.c.deleted_at.is_(None))
        ).first()
        if row is None:
            raise NotFound("The account was deleted")
        if linked_user is None:
            user = User(user_id, row.name)
            _add_identity(connection, identity, user)
            audit.record(connection, user, "other sign-in added", user, issuer=identity.issuer)


def _find_user(connection: Connection, identity: Identity) -> User | None:
    # Matched by the provider's subject, never by e-mail address: an address can pass to another person.
    chosen = (oidc_identities.c.issuer == identity.issuer) & (oidc_identities.c.subject == identity.subject)
    statement = (
        select(users.c.id, users.c.name).join(oidc_identities, oidc_identities.c.user_id == users.c.id).where(chosen)
    )
    row = connection.execute(statement).first()
    return None if row is None else User(row.id, row.name)


def _add_identity(connection: Connection, identity: Identity, user: User) -> None:
    row = {"issuer": identity.issuer, "subject": identity.subject, "user_id": user.id, "created_at": dates.now()}
    try:
        with connection.begin_nested():
            connection.execute(insert(oidc_identities).values(row))
    except IntegrityError:  # a concurrent sign-in of the same provider account committed first
        raise Conflict("Another window is signing in with this account at the same time. Try again") from None


def _candidate_names(hint: str) -> Iterable[str]:
    """Yield user names like ``hint``, the most similar first."""
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", hint)[:_MAX_BASE_NAME_LENGTH].strip("._-") or "user"
    try:
        check_name("user", base)
        yield base
    except BadRequest:  # reserved
        pass
    yield from (f"{base}-{number}" for number in range(2, _MAX_NAME_SUFFIX))
    yield f"{base}-{uuid.uuid4().hex[:8]}"
