"""Accounts: users, roles, scopes, tokens, sessions, sign-in, invitations, quotas, settings and the audit log."""

from enum import StrEnum
from typing import NotRequired, TypedDict

from voxel51.wire.documents import JsonObject
from voxel51.wire.query import ListPage


class Scope(StrEnum):
    """Permission of a credential. Every route requires one of these."""

    READ = "read"  # list, read and download records
    UPLOAD = "upload"  # add, change and delete data and analytics
    RUN = "run"  # submit, start, stop, archive and delete jobs
    MANAGE = "manage"  # manage the account: its tokens, webhooks and share links
    MONITOR = "monitor"  # read the metrics of the platform
    ADMINISTER = "administer"  # administer the platform: other accounts, its settings and its audit log


class Role(StrEnum):
    """Role of an account, which limits the scopes of all its credentials."""

    OPERATOR = "operator"  # all scopes
    MEMBER = "member"  # all scopes except monitor and administer
    VIEWER = "viewer"  # read, and manage the own account


class Account(TypedDict):
    """Account, as its owner and the operators see it. Dates are ISO 8601.

    ``application`` is the application that the user belongs to; ``oidc_issuer`` the linked OIDC provider, and ``email``
    the address that it verified; each may be null. All credentials of a ``suspended`` account are
    rejected.
    """

    id: str
    username: str
    role: Role
    application: str | None
    email: str | None
    has_password: bool
    oidc_issuer: str | None
    suspended: bool
    created_at: str


class AccountDetails(TypedDict):
    """Response of ``GET account``; ``scopes`` are those of the credential of the request."""

    account: Account
    scopes: list[Scope]


class AccountList(TypedDict):
    """Response of ``GET admin/users``, sorted by name."""

    users: list[Account]


class AccountResponse(TypedDict):
    """Response of ``POST admin/users`` and ``PATCH admin/users/<name>``."""

    user: Account


class NewAccount(TypedDict):
    """Body of ``POST admin/users``. An account without a password can use tokens or an OIDC sign-in."""

    username: str
    password: NotRequired[str | None]
    role: NotRequired[Role]


class AccountChange(TypedDict, total=False):
    """Body of ``PATCH admin/users/<name>``: the fields to change."""

    role: Role
    suspended: bool


class TokenRecord(TypedDict):
    """Token or session, without its key.

    ``expires_at`` is null if it never expires, ``last_used_at`` (to the minute) if it was never used, ``revoked_at`` if
    it was not revoked.
    """

    id: str
    name: str
    scopes: list[Scope]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class TokenList(TypedDict):
    """Response of ``GET account/tokens``, the oldest first."""

    tokens: list[TokenRecord]


class SessionEntry(TokenRecord):
    """Session; ``current`` marks the session of the request."""

    current: bool


class SessionList(TypedDict):
    """Response of ``GET account/sessions``, the oldest first."""

    sessions: list[SessionEntry]


class NewToken(TypedDict):
    """Body of ``POST account/tokens``.

    Without ``scopes`` the token has all scopes except administer; without ``days`` it never expires. No token has more
    scopes than the credential that creates it.
    """

    name: str
    scopes: NotRequired[list[Scope] | None]
    days: NotRequired[float | None]


class TokenRotation(TypedDict, total=False):
    """Body of ``POST account/tokens/<id>/rotate``: how long the old key stays valid; the default is 0 seconds."""

    overlap_seconds: float


class PasswordChange(TypedDict):
    """Body of ``PUT account/password``. ``current_password`` is required if the account has a password.

    ``revoke_tokens`` also revokes all API tokens of the account except the one that the request uses.
    """

    new_password: str
    current_password: NotRequired[str | None]
    revoke_tokens: NotRequired[bool]


class SignIn(TypedDict):
    """Body of ``POST sign-in``."""

    username: str
    password: str


class SignUp(TypedDict):
    """Body of ``POST sign-up``; ``invitation`` is the key of an invitation link."""

    username: str
    password: str
    invitation: NotRequired[str | None]


class SignedIn(TypedDict):
    """Response to a sign-in. The session is in a cookie that scripts of a page cannot read."""

    username: str
    role: Role
    expires_at: str


class SignUpMode(StrEnum):
    """Users who can create an account themselves."""

    OFF = "off"  # none; operators create accounts
    INVITE = "invite"  # users with an invitation
    OPEN = "open"  # all users


class Provider(TypedDict):
    """OIDC provider: its name, and the path at which the sign-in starts."""

    name: str
    path: str


class OidcRedirect(TypedDict):
    """Response of ``POST account/oidc``: the URL to open in the browser, which returns with the provider linked."""

    url: str


class SignInOptions(TypedDict):
    """Response of ``GET sign-in``: the ways to sign in and sign up.

    ``needs_operator`` is true until the first account exists, which becomes an operator. ``signed_in`` says whether the
    session of the request is valid.
    """

    sign_up: SignUpMode
    needs_operator: bool
    provider: Provider | None
    signed_in: bool


class NewInvitation(TypedDict, total=False):
    """Body of ``POST admin/invitations``."""

    role: Role
    days: float


class OneTimeKey(TypedDict):
    """Key that works once: to accept an invitation, or to choose a new password."""

    key: str
    expires_at: str


class PasswordReset(TypedDict):
    """Body of ``POST password-resets``: the key, and the new password.

    A reset ends all sessions of the account and revokes all of its API tokens.
    """

    key: str
    new_password: str


class AuditEntry(TypedDict, total=False):
    """Entry of the audit log: ``actor`` performed ``action`` on ``account``. It never contains a secret.

    Queries return only the requested fields; by default, all of them.
    """

    id: int
    date: str
    actor: str
    action: str
    account: str
    details: JsonObject


class AuditLog(ListPage):
    """Response of ``GET account/audit`` and ``GET admin/audit``, the newest first."""

    audit: list[AuditEntry]


class Quota(TypedDict):
    """Limits of a user: stored bytes, and jobs that run at once; further jobs wait. 0 means unlimited."""

    bytes: int
    running_jobs: int


class QuotaChange(TypedDict, total=False):
    """Body of ``PUT admin/users/<name>/quota``, and of an application's. Null or absent: the platform's default."""

    bytes: int | None
    running_jobs: int | None


class Usage(TypedDict):
    """Response of ``GET account/usage``: the bytes that are stored or reserved, and the limits."""

    bytes: int
    quota: Quota


class SettingValue(TypedDict):
    """Setting in force; the value of a setting that may be secret is masked."""

    name: str
    value: str
    default: str
    description: str


class SettingList(TypedDict):
    """Response of ``GET admin/settings``."""

    settings: list[SettingValue]
