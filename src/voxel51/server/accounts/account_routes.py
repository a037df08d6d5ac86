"""The routes of one's own account: who one is, tokens, sessions, password, the log, everything at once, the end."""

from collections.abc import Iterable
from typing import Any

from voxel51.server.accounts.account_deletion import AccountDeletionService, AccountExportService
from voxel51.server.accounts.audit import LISTING, AuditService
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.tokens import CredentialKind, TokenService, token_spec
from voxel51.server.http.route import Call, JsonBody, QueryBody, Route
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

CONFIRM = QueryParameter("the account's user name, to confirm that all it has is deleted", {"type": "string"})


def account_routes(
    accounts: AccountService,
    tokens: TokenService,
    audit: AuditService,
    exports: AccountExportService,
    removal: AccountDeletionService,
    base_url: str,
) -> Iterable[Route]:
    """One table of all routes of one's own account. ``base_url`` goes into token files."""
    handlers = _Handlers(accounts, tokens, audit, exports, removal, base_url)
    return [
        Route("GET", "/account", handlers.details, "Who you are, and what this credential is good for",
              answers=AccountDetails),
        Route("DELETE", "/account", handlers.delete, "Delete your account and all that it has",
              status=204, errors=(400, 409), takes_arguments={"confirm": CONFIRM}),
        Route("GET", "/account/export", handlers.export, "Everything you have, as one document with links to files",
              answers=dict[str, Any]),
        Route("PUT", "/account/password", handlers.change_password, "Choose a new password; other sessions end",
              body=JsonBody(PasswordChange), status=204, errors=(503,)),
        Route("GET", "/account/audit", handlers.audit, "What was done to your account, the newest first",
              body=QueryBody(LISTING), answers=AuditLog),
        Route("GET", "/account/tokens", handlers.tokens, "Your tokens", answers=TokenList),
        Route("POST", "/account/tokens", handlers.issue, "A further token, as the file that clients read",
              body=JsonBody(NewToken), answers=TokenFile, status=201, tells_secret=True),
        Route("DELETE", "/account/tokens/{token_id}", handlers.revoke, "End a token", status=204),
        Route("POST", "/account/tokens/{token_id}/rotate", handlers.rotate, "A new token in the place of an old one",
              body=JsonBody(TokenRotation), answers=TokenFile, status=201, tells_secret=True),
        Route("GET", "/account/sessions", handlers.sessions, "Where you are signed in", answers=SessionList),
        Route("DELETE", "/account/sessions/{session_id}", handlers.end_session, "Sign out there", status=204),
    ]  # fmt: skip


class _Handlers:
    def __init__(
        self,
        accounts: AccountService,
        tokens: TokenService,
        audit: AuditService,
        exports: AccountExportService,
        removal: AccountDeletionService,
        base_url: str,
    ) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._audit = audit
        self._exports = exports
        self._removal = removal
        self._base_url = base_url

    def details(self, call: Call) -> AccountDetails:
        return {"account": self._accounts.account(call.caller), "scopes": sorted(call.caller.scopes)}

    def delete(self, call: Call) -> None:
        self._removal.remove(call.caller, call.caller, call.arguments.get("confirm"))

    def export(self, call: Call) -> dict[str, Any]:
        return self._exports.export(call.caller)

    def change_password(self, call: Call) -> None:
        self._accounts.change_password(call.caller, call.body.get("current_password"), call.body["new_password"])

    def audit(self, call: Call) -> AuditLog:
        return self._audit.of(call.caller, call.query)

    def tokens(self, call: Call) -> TokenList:
        return {"tokens": self._tokens.all(call.caller)}

    def issue(self, call: Call) -> TokenFile:
        spec = token_spec(call.body["name"], call.body.get("scopes"), call.body.get("days"))
        return self._tokens.issue(call.caller, call.caller, spec, self._base_url)

    def revoke(self, call: Call) -> None:
        self._tokens.revoke(call.caller, call.caller, call.path["token_id"])

    def rotate(self, call: Call) -> TokenFile:
        kept = call.body.get("overlap_seconds", 0)
        return self._tokens.rotate(call.caller, call.caller, call.path["token_id"], kept, self._base_url)

    def sessions(self, call: Call) -> SessionList:
        present = self._tokens.all(call.caller, CredentialKind.SESSION)
        return {"sessions": [{**each, "current": each["id"] == call.caller.credential_id} for each in present]}

    def end_session(self, call: Call) -> None:
        self._tokens.revoke(call.caller, call.caller, call.path["session_id"], CredentialKind.SESSION)
