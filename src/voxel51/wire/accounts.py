"""Accounts: what people and their tokens may do, and how they sign in."""

from enum import StrEnum
from typing import Any, NotRequired, TypedDict


class Scope(StrEnum):
    """What a credential is good for. Every route needs one of these."""

    READ = "read"  # look at what is there, and download it
    UPLOAD = "upload"  # add, change and delete data and analytics
    RUN = "run"  # submit, start, stop, archive and delete jobs
    MANAGE = "manage"  # the account itself: its tokens, webhooks and share links
    ADMINISTER = "administer"  # the platform: other people's accounts, its settings and its log


class Role(StrEnum):
    """What an account is for. It is the most that any credential of it is good for."""

    OPERATOR = "operator"  # everything
    MEMBER = "member"  # everything but to administer the platform
    VIEWER = "viewer"  # looks at what it has, and manages its own account


class Account(TypedDict):
    """An account, as its owner and the operators see it. Dates are ISO 8601; ``application`` is its owner, if any.

    ``oidc_issuer`` is the provider by whose word one signs in as well, if any; ``email`` is what it verified.
    ``suspended`` accounts are refused, whatever credential they show.
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
    """Answer of ``GET account``; ``scopes`` are those of the credential that asks."""

    account: Account
    scopes: list[Scope]


class AccountList(TypedDict):
    """Answer of ``GET admin/users``, by name."""

    users: list[Account]


class AccountResponse(TypedDict):
    """Answer of ``POST admin/users`` and ``PATCH admin/users/<name>``."""

    user: Account


class NewAccount(TypedDict):
    """Body of ``POST admin/users``. Without a password only tokens, or another identity provider, sign it in."""

    username: str
    password: NotRequired[str | None]
    role: NotRequired[Role]


class AccountChange(TypedDict, total=False):
    """Body of ``PATCH admin/users/<name>``: what is to change."""

    role: Role
    suspended: bool


class TokenRecord(TypedDict):
    """A token, or a session, as it can be listed: everything but its key.

    ``expires_at`` null means never, ``last_used_at`` (to the minute) null not yet, ``revoked_at`` null not at all.
    """

    id: str
    name: str
    scopes: list[Scope]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class TokenList(TypedDict):
    """Answer of ``GET account/tokens``, the oldest first."""

    tokens: list[TokenRecord]


class SessionEntry(TokenRecord):
    """A session as it can be listed; ``current`` is the one that asks."""

    current: bool


class SessionList(TypedDict):
    """Answer of ``GET account/sessions``: where one is signed in, the oldest first."""

    sessions: list[SessionEntry]


class NewToken(TypedDict):
    """Body of ``POST account/tokens``. Without ``scopes`` it is good for all but to administer; without ``days`` for
    ever. No token is good for more than the credential that makes it."""

    name: str
    scopes: NotRequired[list[Scope] | None]
    days: NotRequired[float | None]


class TokenRotation(TypedDict, total=False):
    """Body of ``POST account/tokens/<id>/rotate``: how long the old key still counts; by default not at all."""

    overlap_seconds: float


class PasswordChange(TypedDict):
    """Body of ``PUT account/password``. ``current_password`` is needed where there is one."""

    new_password: str
    current_password: NotRequired[str | None]


class SignIn(TypedDict):
    """Body of ``POST sessions``."""

    username: str
    password: str


class SignUp(TypedDict):
    """Body of ``POST sign-up``; ``invitation`` is the key in an invitation's link."""

    username: str
    password: str
    invitation: NotRequired[str | None]


class SignedIn(TypedDict):
    """Answer to who signs in: the session itself is in a cookie, which scripts of a page cannot read."""

    username: str
    role: Role
    expires_at: str


class SignUpMode(StrEnum):
    """Who may make an account."""

    OFF = "off"  # nobody; operators make them
    INVITE = "invite"  # who has an invitation
    OPEN = "open"  # everybody


class Provider(TypedDict):
    """Somebody else's sign-in that is taken here: what it is called, and the path at which it begins."""

    name: str
    path: str


class OidcRedirect(TypedDict):
    """Answer of ``POST account/oidc``: where the browser goes, to come back with this way in added."""

    url: str


class SignInOptions(TypedDict):
    """Answer of ``GET sign-in``: how one can get in. ``first`` while there is no account: the next is its operator.

    ``signed_in`` tells a browser that the session it sent is good.
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
    """Answer that hands out a key that works once: for an invitation, or to choose a new password."""

    key: str
    expires_at: str


class PasswordReset(TypedDict):
    """Body of ``POST password-resets``: the key, and the new password."""

    key: str
    new_password: str


class AuditEntry(TypedDict, total=False):
    """One line of the audit log: who (``actor``) did what to whose account (``account``), never a secret.

    It has those fields that were asked for; by default, all of them.
    """

    id: int
    date: str
    actor: str
    action: str
    account: str
    details: dict[str, Any]


class AuditLog(TypedDict):
    """Answer of ``GET account/audit`` and ``GET admin/audit``, the newest first."""

    audit: list[AuditEntry]
    count: int


class Quota(TypedDict):
    """How much a user may have: bytes that are kept, and jobs that run at once (more of them wait). 0: no limit."""

    bytes: int
    running_jobs: int


class QuotaChange(TypedDict, total=False):
    """Body of ``PUT admin/users/<name>/quota`` and of an application's; what is null or left out is as usual."""

    bytes: int | None
    running_jobs: int | None


class Usage(TypedDict):
    """Answer of ``GET account/usage``: bytes that are kept or announced, and what one may have."""

    bytes: int
    quota: Quota


class Applications(TypedDict):
    """Answer of ``GET admin/applications``: names, sorted."""

    applications: list[str]


class NewApplication(TypedDict):
    """Body of ``POST admin/applications``, and its answer."""

    name: str


class SettingValue(TypedDict):
    """A setting as it is in force; the value of one that may hold a secret is masked."""

    name: str
    value: str
    default: str
    description: str


class SettingList(TypedDict):
    """Answer of ``GET admin/settings``."""

    settings: list[SettingValue]
