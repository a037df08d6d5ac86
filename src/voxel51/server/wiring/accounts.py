"""Wiring of accounts: users, applications, tokens, sessions, sign-up, OIDC, quotas, export and deletion."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from voxel51.server.accounts.account_deletion import AccountDeletionService, AccountExportService, CollectUserData
from voxel51.server.accounts.account_routes import AccountHandlers, account_routes
from voxel51.server.accounts.admin_routes import (
    ApplicationHandlers,
    UserHandlers,
    inspection_routes,
    manage_application_routes,
    user_routes,
)
from voxel51.server.accounts.application_routes import application_routes
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.audit import AuditService
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.oidc.provider import IdentityProvider, OidcClient
from voxel51.server.accounts.oidc.routes import CALLBACK_PATH, SIGN_IN_PATH, OidcHandlers, oidc_routes
from voxel51.server.accounts.oidc.service import OidcService
from voxel51.server.accounts.quotas import Quotas
from voxel51.server.accounts.recent_callers import RecentCallers
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.sessions import SessionService
from voxel51.server.accounts.sign_in_routes import SignInHandlers, sign_in_routes
from voxel51.server.accounts.sign_up import SignUpService
from voxel51.server.accounts.tokens import CredentialKind, TokenService
from voxel51.server.database.database import Database
from voxel51.server.database.search import Query
from voxel51.server.http.cookies import cookies_of
from voxel51.server.http.route import Route
from voxel51.server.machine import disk_bytes
from voxel51.server.outbound.guard import Guard
from voxel51.server.settings import Settings
from voxel51.server.shown_settings import shown_settings
from voxel51.server.wiring.foundation import Foundation
from voxel51.wire.accounts import AuditEntry, Provider, TokenRecord
from voxel51.wire.tokens import API_VERSION

_MAX_EXPORTED_AUDIT_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class AccountServices:
    """All services of accounts."""

    foundation: Foundation
    accounts: AccountService
    applications: ApplicationService
    tokens: TokenService
    sessions: SessionService
    sign_up: SignUpService
    oidc: OidcService
    audit: AuditService
    quotas: Quotas
    recent_callers: RecentCallers

    def routes(self, deletion: AccountDeletionService, collectors: Mapping[str, CollectUserData]) -> Iterable[Route]:
        """Yield the routes of accounts. ``collectors`` export what users have in other packages."""
        settings, public_url = self.foundation.settings, self.foundation.addresses.public_url
        exports = AccountExportService({**self._collectors(), **collectors})
        cookies = cookies_of(public_url)
        password_limiter = self.foundation.failure_limiter("passwords", settings.account_failures_per_minute)
        yield from sign_in_routes(
            SignInHandlers(
                self.sign_up, self.sessions, self.accounts, _offered_provider(settings), cookies, password_limiter
            )
        )
        yield from oidc_routes(OidcHandlers(self.oidc, cookies))
        yield from account_routes(
            AccountHandlers(self.accounts, self.tokens, self.audit, exports, deletion, public_url, password_limiter)
        )
        yield from user_routes(UserHandlers(self.accounts, self.sign_up, deletion))
        yield from manage_application_routes(ApplicationHandlers(self.applications, self.tokens, public_url))
        yield from inspection_routes(self.audit, shown_settings(settings))
        yield from application_routes(self.applications, deletion)

    def expiries(self) -> Sequence[Callable[[], int]]:
        """Return the functions that delete expired records."""
        return [self.tokens.expire, self.sign_up.expire, self.audit.expire]

    def _collectors(self) -> Mapping[str, CollectUserData]:
        def sessions(user: User) -> list[TokenRecord]:
            return self.tokens.all(user, CredentialKind.SESSION)

        def audit(user: User) -> list[AuditEntry]:
            return self.audit.of(user, Query(limit=_MAX_EXPORTED_AUDIT_ENTRIES))["audit"]

        return {"account": self.accounts.account, "tokens": self.tokens.all, "sessions": sessions, "audit": audit}


def build_accounts(foundation: Foundation) -> AccountServices:
    """Build the services of accounts."""
    database, settings = foundation.database, foundation.settings
    sessions = SessionService(database, timedelta(days=settings.session_days))
    sign_up = SignUpService(database, sessions, settings.sign_up)
    recent_callers = RecentCallers()
    database.on_write(recent_callers.clear)
    return AccountServices(
        foundation=foundation,
        accounts=AccountService(database),
        applications=ApplicationService(database),
        tokens=TokenService(database),
        sessions=sessions,
        sign_up=sign_up,
        oidc=OidcService(
            database,
            sign_up,
            sessions,
            _identity_provider(settings),
            foundation.cipher("sign-in"),
            settings.sign_up_domains,
            foundation.public_api_url + CALLBACK_PATH,
        ),
        audit=AuditService(database, timedelta(days=settings.audit_retention_days)),
        quotas=_quotas(database, settings),
        recent_callers=recent_callers,
    )


def _quotas(database: Database, settings: Settings) -> Quotas:
    """Return the quotas with the defaults of the settings; -1 bytes are half of the disk."""
    user_bytes = disk_bytes(settings.folder) // 2 if settings.user_bytes < 0 else settings.user_bytes
    return Quotas(database, {"bytes": user_bytes, "running_jobs": max(0, settings.user_running_jobs)})


def _identity_provider(settings: Settings) -> IdentityProvider | None:
    if not settings.oidc_issuer:
        return None
    name = _provider_name(settings)
    client = OidcClient(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, name)
    # The provider may be in the operator's own network, which the guard forbids unless it is named.
    parts = urlsplit(settings.oidc_issuer)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    issuer = f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    return IdentityProvider(client, Guard([issuer, *settings.allowed_hosts]))


def _offered_provider(settings: Settings) -> Provider | None:
    if not settings.oidc_issuer:
        return None
    return {"name": _provider_name(settings), "path": f"/{API_VERSION}{SIGN_IN_PATH}"}


def _provider_name(settings: Settings) -> str:
    return settings.oidc_name or urlsplit(settings.oidc_issuer).hostname or ""
