"""Administration routes: accounts, applications, invitations, the audit log and the settings, for operators."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from voxel51.server.accounts.access import BY_OPERATOR, USER
from voxel51.server.accounts.account_deletion import AccountDeletionService
from voxel51.server.accounts.account_routes import CONFIRM
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.audit import LISTING, AuditService
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.passwords import PasswordHash, check_new_password, hash_password
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.sign_up import SignUpService
from voxel51.server.accounts.tokens import TokenService, token_spec
from voxel51.server.database.search import Query
from voxel51.server.http.bodies import JsonBody, QueryBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
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
_WITH_SECRET = Policy(USER, scope=Scope.ADMINISTER, has_secret=True)


def user_routes(users: "UserHandlers") -> Iterable[Route]:
    """Return the routes by which operators manage accounts."""
    return [
        route("GET", "/admin/users", users.list, "List all accounts", BY_OPERATOR, answers=AccountList),
        route("POST", "/admin/users", users.create, "Create an account", BY_OPERATOR, JsonBody(NewAccount),
              compute=users.hash_password, answers=AccountResponse, status=201, errors=(409,)),
        route("PATCH", "/admin/users/{username}", users.change, "Change an account's role, or suspend it", BY_OPERATOR,
              JsonBody(AccountChange), answers=AccountResponse, errors=(404, 409)),
        route("DELETE", "/admin/users/{username}", users.delete, "Delete an account and everything it has", BY_OPERATOR,
              status=204, errors=(400, 404, 409), parameters={"confirm": CONFIRM}),
        route("POST", "/admin/users/{username}/password-reset", users.permit_reset,
              "Create a key with which a user sets a new password", _WITH_SECRET, answers=OneTimeKey, status=201),
        route("POST", "/admin/invitations", users.invite, "Create a key with which a new user signs up", _WITH_SECRET,
              JsonBody(NewInvitation), answers=OneTimeKey, status=201),
    ]  # fmt: skip


def manage_application_routes(applications: "ApplicationHandlers") -> Iterable[Route]:
    """Return the routes by which operators manage applications and their tokens."""
    tokens = "/admin/applications/{name}/tokens"
    return [
        route("GET", "/admin/applications", applications.list, "List all applications", BY_OPERATOR,
              answers=ApplicationList),
        route("POST", "/admin/applications", applications.create, "Create an application", BY_OPERATOR,
              JsonBody(NewApplication), answers=NewApplication, status=201, errors=(409,)),
        route("GET", tokens, applications.tokens, "List an application's tokens", BY_OPERATOR, answers=TokenList),
        route("POST", tokens, applications.issue, "Create a token for an application", _WITH_SECRET,
              JsonBody(NewToken), answers=TokenFile, status=201),
        route("DELETE", f"{tokens}/{{token_id}}", applications.revoke, "Revoke an application's token", BY_OPERATOR,
              status=204),
    ]  # fmt: skip


def inspection_routes(audit: AuditService, settings: Sequence[SettingValue]) -> Iterable[Route]:
    """Return the routes of the platform's audit log and settings."""

    def audit_log(_context: RequestContext[User], query: Query) -> AuditLog:
        return audit.all(query)

    def show_settings(_context: RequestContext[User]) -> SettingList:
        return {"settings": [*settings]}

    return [
        route("GET", "/admin/audit", audit_log, "List changes to all accounts", BY_OPERATOR, QueryBody(LISTING),
              answers=AuditLog),
        route("GET", "/admin/settings", show_settings, "List the settings in force", BY_OPERATOR, answers=SettingList),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class UserHandlers:
    """Handlers of accounts, for operators."""

    accounts: AccountService
    sign_up_service: SignUpService
    deletion: AccountDeletionService

    def list(self, _context: RequestContext[User]) -> AccountList:
        """Return all accounts."""
        return {"users": self.accounts.all()}

    def hash_password(self, _context: RequestContext[User], body: NewAccount) -> Callable[[], PasswordHash | None]:
        """Check the password, and return the function that hashes it."""
        password = body.get("password")
        if password is None:
            return lambda: None
        check_new_password(password)
        return partial(hash_password, password)

    def create(self, context: RequestContext[User], body: NewAccount, hashed: PasswordHash | None) -> AccountResponse:
        """Create an account."""
        role = body.get("role", Role.MEMBER)
        user = self.accounts.create_user(body["username"], hashed, role, context.caller)
        return {"user": self.accounts.account(user)}

    def change(self, context: RequestContext[User], body: AccountChange) -> AccountResponse:
        """Change or suspend an account."""
        return {"user": self.accounts.change(context.caller, context.path_params["username"], body)}

    def delete(self, context: RequestContext[User]) -> None:
        """Delete an account."""
        user = self.accounts.find(context.path_params["username"])
        self.deletion.remove(context.caller, user, context.query_params.get("confirm"))

    def permit_reset(self, context: RequestContext[User]) -> OneTimeKey:
        """Create a key for a new password."""
        return self.sign_up_service.permit_reset(self.accounts.find(context.path_params["username"]), context.caller)

    def invite(self, context: RequestContext[User], body: NewInvitation) -> OneTimeKey:
        """Create an invitation."""
        role, days = body.get("role", Role.MEMBER), body.get("days", _INVITATION_DAYS)
        return self.sign_up_service.invite(context.caller, role, days)


@dataclass(frozen=True, slots=True)
class ApplicationHandlers:
    """Handlers of applications, for operators. ``base_url`` is written into token files."""

    applications: ApplicationService
    token_service: TokenService
    base_url: str

    def list(self, _context: RequestContext[User]) -> ApplicationList:
        """Return the names of all applications."""
        return {"applications": [application.name for application in self.applications.all()]}

    def create(self, context: RequestContext[User], body: NewApplication) -> NewApplication:
        """Create an application."""
        return {"name": self.applications.create(body["name"], context.caller).name}

    def tokens(self, context: RequestContext[User]) -> TokenList:
        """Return the tokens of an application."""
        return {"tokens": self.token_service.all(self.applications.find(context.path_params["name"]))}

    def issue(self, context: RequestContext[User], body: NewToken) -> TokenFile:
        """Create a token for an application."""
        application = self.applications.find(context.path_params["name"])
        spec = token_spec(body["name"], body.get("scopes"), body.get("days"))
        return self.token_service.issue(context.caller, application, spec, self.base_url)

    def revoke(self, context: RequestContext[User]) -> None:
        """Revoke a token of an application."""
        application = self.applications.find(context.path_params["name"])
        self.token_service.revoke(context.caller, application, context.path_params["token_id"])
