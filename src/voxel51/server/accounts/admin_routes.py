"""The routes of operators: everybody's accounts, applications, invitations, the audit log, the settings."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from voxel51.server.accounts.account_deletion import AccountDeletionService
from voxel51.server.accounts.account_routes import CONFIRM
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.audit import LISTING, AuditService
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.sign_up import SignUpService
from voxel51.server.accounts.tokens import TokenService, token_spec
from voxel51.server.http.route import Call, JsonBody, QueryBody, Route
from voxel51.wire.accounts import (
    AccountChange,
    AccountList,
    AccountResponse,
    AuditLog,
    NewAccount,
    NewInvitation,
    NewToken,
    OneTimeKey,
    Role,
    Scope,
    SettingList,
    SettingValue,
    TokenList,
)
from voxel51.wire.applications import ApplicationList, NewApplication
from voxel51.wire.tokens import TokenFile

_INVITATION_DAYS = 7.0


def admin_routes(
    accounts: AccountService,
    applications: ApplicationService,
    tokens: TokenService,
    entrance: SignUpService,
    removal: AccountDeletionService,
    audit: AuditService,
    settings: Sequence[SettingValue],
    base_url: str,
) -> Iterable[Route]:
    """One table of all routes of operators. ``base_url`` goes into token files."""
    people = _People(accounts, entrance, removal)
    programs = _Programs(applications, tokens, base_url)

    def audit_log(call: Call) -> AuditLog:
        return audit.all(call.query)

    def show_settings(_call: Call) -> SettingList:
        return {"settings": [*settings]}

    return [
        _route("GET", "/users", people.all, "All accounts", AccountList),
        _route("POST", "/users", people.create, "Create an account", AccountResponse, body=JsonBody(NewAccount),
               status=201, errors=(409, 503)),
        _route("PATCH", "/users/{username}", people.change, "Change somebody's role, or suspend them", AccountResponse,
               body=JsonBody(AccountChange), errors=(404, 409)),
        _route("DELETE", "/users/{username}", people.delete, "Delete an account and all that it has", None, status=204,
               errors=(400, 404, 409), takes_arguments={"confirm": CONFIRM}),
        _route("POST", "/users/{username}/password-reset", people.permit_reset,
               "A key with which somebody chooses a new password", OneTimeKey, status=201, tells_secret=True),
        _route("POST", "/invitations", people.invite, "A key with which somebody makes an account", OneTimeKey,
               body=JsonBody(NewInvitation), status=201, tells_secret=True),
        _route("GET", "/applications", programs.all, "All applications", ApplicationList),
        _route("POST", "/applications", programs.create, "Create an application", NewApplication,
               body=JsonBody(NewApplication), status=201, errors=(409,)),
        _route("GET", "/applications/{name}/tokens", programs.tokens, "An application's tokens", TokenList),
        _route("POST", "/applications/{name}/tokens", programs.issue, "A further token of an application", TokenFile,
               body=JsonBody(NewToken), status=201, tells_secret=True),
        _route("DELETE", "/applications/{name}/tokens/{token_id}", programs.revoke, "End an application's token", None,
               status=204),
        _route("GET", "/audit", audit_log, "What was done to every account", AuditLog, body=QueryBody(LISTING)),
        _route("GET", "/settings", show_settings, "The settings in force", SettingList),
    ]  # fmt: skip


def _route(method: str, path: str, handler: Callable[[Call], Any], summary: str, answers: Any, **more: Any) -> Route:
    return Route(method, f"/admin{path}", handler, summary, answers=answers, scope=Scope.ADMINISTER, **more)


class _People:
    def __init__(self, accounts: AccountService, entrance: SignUpService, removal: AccountDeletionService) -> None:
        self._accounts = accounts
        self._entrance = entrance
        self._removal = removal

    def all(self, _call: Call) -> AccountList:
        return {"users": self._accounts.all()}

    def create(self, call: Call) -> AccountResponse:
        name, password = call.body["username"], call.body.get("password")
        user = self._accounts.create_user(name, password, call.body.get("role", Role.MEMBER), call.caller)
        return {"user": self._accounts.account(user)}

    def change(self, call: Call) -> AccountResponse:
        change: Any = call.body
        return {"user": self._accounts.change(call.caller, call.path["username"], change)}

    def delete(self, call: Call) -> None:
        user = self._accounts.find(call.path["username"])
        self._removal.remove(call.caller, user, call.arguments.get("confirm"))

    def permit_reset(self, call: Call) -> OneTimeKey:
        return self._entrance.permit_reset(self._accounts.find(call.path["username"]), call.caller)

    def invite(self, call: Call) -> OneTimeKey:
        role, days = call.body.get("role", Role.MEMBER), call.body.get("days", _INVITATION_DAYS)
        return self._entrance.invite(call.caller, role, days)


class _Programs:
    def __init__(self, applications: ApplicationService, tokens: TokenService, base_url: str) -> None:
        self._applications = applications
        self._tokens = tokens
        self._base_url = base_url

    def all(self, _call: Call) -> ApplicationList:
        return {"applications": [application.name for application in self._applications.all()]}

    def create(self, call: Call) -> NewApplication:
        return {"name": self._applications.create(call.body["name"], call.caller).name}

    def tokens(self, call: Call) -> TokenList:
        return {"tokens": self._tokens.all(self._applications.find(call.path["name"]))}

    def issue(self, call: Call) -> TokenFile:
        spec = token_spec(call.body["name"], call.body.get("scopes"), call.body.get("days"))
        return self._tokens.issue(call.caller, self._applications.find(call.path["name"]), spec, self._base_url)

    def revoke(self, call: Call) -> None:
        self._tokens.revoke(call.caller, self._applications.find(call.path["name"]), call.path["token_id"])
