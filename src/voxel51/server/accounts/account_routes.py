"""Account routes: the caller's own account, tokens, sessions, password, audit log, export and deletion."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.account_deletion import AccountDeletionService, AccountExportService
from voxel51.server.accounts.audit import LISTING, AuditService
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.passwords import PasswordHash
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.sign_in_routes import WRONG_PASSWORDS
from voxel51.server.accounts.tokens import CredentialKind, TokenService, token_spec
from voxel51.server.database.search import Query
from voxel51.server.http.bodies import JsonBody, QueryBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.rate_limits import RateLimiter
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.parameters import QueryParameter
from voxel51.wire.accounts import (
    AccountDetails,
    AuditLog,
    NewToken,
    PasswordChange,
    SessionList,
    TokenList,
    TokenRotation,
)
from voxel51.wire.tokens import TokenFile

CONFIRM = QueryParameter("the account's user name, to confirm that everything it has is deleted", {"type": "string"})

Export = dict[str, Any]  # one entry for each package, of its own shape
"""Everything that the platform stores about a user."""


def account_routes(handlers: "AccountHandlers") -> Iterable[Route]:
    """Return the routes of the caller's own account."""
    with_secret = Policy(USER, has_secret=True)
    return [
        route("GET", "/account", handlers.details, "Get your account, and the scopes of this credential", BY_USER,
              answers=AccountDetails),
        route("DELETE", "/account", handlers.delete, "Delete your account and everything it has", BY_USER,
              status=204, errors=(400, 409), parameters={"confirm": CONFIRM}),
        route("GET", "/account/export", handlers.export, "Export everything you have, with links to files", BY_USER,
              answers=Export),
        route("PUT", "/account/password", handlers.change_password, "Change your password and end other sessions",
              BY_USER, JsonBody(PasswordChange), compute=handlers.hash_new_password, status=204),
        route("GET", "/account/audit", handlers.audit_log, "List changes to your account, newest first", BY_USER,
              QueryBody(LISTING), answers=AuditLog),
        route("GET", "/account/tokens", handlers.tokens, "List your tokens", BY_USER, answers=TokenList),
        route("POST", "/account/tokens", handlers.issue, "Create a token, as the file that clients read", with_secret,
              JsonBody(NewToken), answers=TokenFile, status=201),
        route("DELETE", "/account/tokens/{token_id}", handlers.revoke, "Revoke a token", BY_USER, status=204),
        route("POST", "/account/tokens/{token_id}/rotate", handlers.rotate, "Replace a token by a new one", with_secret,
              JsonBody(TokenRotation), answers=TokenFile, status=201),
        route("GET", "/account/sessions", handlers.sessions, "List your sessions", BY_USER, answers=SessionList),
        route("DELETE", "/account/sessions/{session_id}", handlers.end_session, "End a session", BY_USER, status=204),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class AccountHandlers:
    """Handlers of the caller's own account.

    Attributes:
        base_url: written into token files.
        password_limiter: wrong passwords for one account, from any network.
    """

    accounts: AccountService
    token_service: TokenService
    audit: AuditService
    exports: AccountExportService
    deletion: AccountDeletionService
    base_url: str
    password_limiter: RateLimiter

    def details(self, context: RequestContext[User]) -> AccountDetails:
        """Return the account."""
        return {"account": self.accounts.account(context.caller), "scopes": sorted(context.caller.scopes)}

    def delete(self, context: RequestContext[User]) -> None:
        """Delete the account."""
        self.deletion.remove(context.caller, context.caller, context.query_params.get("confirm"))

    def export(self, context: RequestContext[User]) -> Export:
        """Return everything the user has."""
        return self.exports.export(context.caller)

    def hash_new_password(
        self, context: RequestContext[User], body: PasswordChange
    ) -> Callable[[], PasswordHash | None]:
        """Return the function that verifies the current password and hashes the new one."""
        user = context.caller
        self.password_limiter.check(user.name, WRONG_PASSWORDS)
        return self.accounts.begin_password_change(user, body.get("current_password"), body["new_password"])

    def change_password(self, context: RequestContext[User], body: PasswordChange, hashed: PasswordHash | None) -> None:
        """Change the password."""
        if hashed is None:
            self.password_limiter.take(context.caller.name, WRONG_PASSWORDS)
        self.accounts.change_password(context.caller, hashed, revoke_tokens=body.get("revoke_tokens", False))

    def audit_log(self, context: RequestContext[User], query: Query) -> AuditLog:
        """Return the audit log of the account."""
        return self.audit.of(context.caller, query)

    def tokens(self, context: RequestContext[User]) -> TokenList:
        """Return the tokens of the account."""
        return {"tokens": self.token_service.all(context.caller)}

    def issue(self, context: RequestContext[User], body: NewToken) -> TokenFile:
        """Create a token."""
        spec = token_spec(body["name"], body.get("scopes"), body.get("days"))
        return self.token_service.issue(context.caller, context.caller, spec, self.base_url)

    def revoke(self, context: RequestContext[User]) -> None:
        """Revoke a token."""
        self.token_service.revoke(context.caller, context.caller, context.path_params["token_id"])

    def rotate(self, context: RequestContext[User], body: TokenRotation) -> TokenFile:
        """Replace a token."""
        user, token_id = context.caller, context.path_params["token_id"]
        return self.token_service.rotate(user, user, token_id, body.get("overlap_seconds", 0), self.base_url)

    def sessions(self, context: RequestContext[User]) -> SessionList:
        """Return the sessions of the account."""
        sessions = self.token_service.all(context.caller, CredentialKind.SESSION)
        current_id = context.caller.credential_id
        return {"sessions": [{**session, "current": session["id"] == current_id} for session in sessions]}

    def end_session(self, context: RequestContext[User]) -> None:
        """End a session."""
        session_id = context.path_params["session_id"]
        self.token_service.revoke(context.caller, context.caller, session_id, CredentialKind.SESSION)
