"""The rooms of accounts, built together: who is there, how they get in, and what is theirs to manage."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from voxel51.server.accounts.account_deletion import AccountDeletionService, AccountExportService, CollectUserData
from voxel51.server.accounts.account_routes import account_routes
from voxel51.server.accounts.admin_routes import admin_routes
from voxel51.server.accounts.application_routes import application_routes
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.audit import AuditService
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.entrance_routes import entrance_routes
from voxel51.server.accounts.oidc.provider import IdentityProvider, OidcClient
from voxel51.server.accounts.oidc.routes import CALLBACK_PATH, SIGN_IN_PATH, oidc_routes
from voxel51.server.accounts.oidc.service import OidcService
from voxel51.server.accounts.quotas import Quotas
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.sessions import SessionService
from voxel51.server.accounts.sign_up import SignUpService
from voxel51.server.accounts.tokens import CredentialKind, TokenService
from voxel51.server.database.database import Database
from voxel51.server.database.search import Query
from voxel51.server.encryption import Cipher
from voxel51.server.http.rates import Rate
from voxel51.server.http.route import Route
from voxel51.server.outbound.guard import Guard
from voxel51.server.settings import Settings
from voxel51.wire.accounts import Provider
from voxel51.wire.tokens import API_VERSION

_MOST_LINES = 100_000
"""Lines of the audit log that an account's export has."""


@dataclass(frozen=True, slots=True)
class People:
    """All services of accounts."""

    accounts: AccountService
    applications: ApplicationService
    tokens: TokenService
    sessions: SessionService
    sign_up: SignUpService
    oidc: OidcService
    audit: AuditService
    quotas: Quotas

    @classmethod
    def build(cls, database: Database, settings: Settings, cipher: Cipher, v1: str) -> Self:
        """The services as the settings have them; ``v1`` is where browsers find the routes."""
        sessions = SessionService(database, timedelta(days=settings.session_days))
        sign_up = SignUpService(database, sessions, settings.sign_up)
        oidc = OidcService(
            database, sign_up, sessions, _provider(settings), cipher, settings.sign_up_domains, v1 + CALLBACK_PATH
        )
        return cls(
            accounts=AccountService(database),
            applications=ApplicationService(database),
            tokens=TokenService(database),
            sessions=sessions,
            sign_up=sign_up,
            oidc=oidc,
            audit=AuditService(database, timedelta(days=settings.audit_retention_days)),
            quotas=Quotas(database, {"bytes": settings.user_bytes, "running_jobs": settings.user_running_jobs}),
        )

    def routes(
        self,
        settings: Settings,
        public_url: str,
        removal: AccountDeletionService,
        collect: Mapping[str, CollectUserData],
    ) -> Iterable[Route]:
        """Their routes; ``collect`` tells what users have in the other rooms."""
        exports = AccountExportService({**self._collect(), **collect})
        is_secure = public_url.startswith("https:")
        guesses = Rate(settings.account_failures_per_minute / 60, settings.account_failures_per_minute)
        yield from entrance_routes(
            self.sign_up, self.sessions, self.accounts, _shown_provider(settings), is_secure, guesses
        )
        yield from oidc_routes(self.oidc, is_secure)
        yield from account_routes(self.accounts, self.tokens, self.audit, exports, removal, public_url)
        yield from admin_routes(
            self.accounts,
            self.applications,
            self.tokens,
            self.sign_up,
            removal,
            self.audit,
            settings.describe(),
            public_url,
        )
        yield from application_routes(self.applications, removal)

    def expiries(self) -> Sequence[Callable[[], int]]:
        """What forgets that whose time is over."""
        return [self.tokens.expire, self.sign_up.expire, self.audit.expire]

    def _collect(self) -> Mapping[str, CollectUserData]:
        def sessions(user: User) -> Any:
            return self.tokens.all(user, CredentialKind.SESSION)

        def audit(user: User) -> Any:
            return self.audit.of(user, Query(limit=_MOST_LINES))["audit"]

        return {"account": self.accounts.account, "tokens": self.tokens.all, "sessions": sessions, "audit": audit}


def _provider(settings: Settings) -> IdentityProvider | None:
    if not settings.oidc_issuer:
        return None
    client = OidcClient(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, _name(settings))
    parts = urlsplit(settings.oidc_issuer)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    own = f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    return IdentityProvider(client, Guard([own, *settings.allowed_hosts]))  # it may be in one's own network


def _shown_provider(settings: Settings) -> Provider | None:
    return {"name": _name(settings), "path": f"/{API_VERSION}{SIGN_IN_PATH}"} if settings.oidc_issuer else None


def _name(settings: Settings) -> str:
    return settings.oidc_name or urlsplit(settings.oidc_issuer).hostname or ""
