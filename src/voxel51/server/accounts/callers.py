"""Who calls: the people and programs that credentials stand for, and what each may do."""

from collections.abc import Mapping
from dataclasses import dataclass

from voxel51.server.errors import Forbidden
from voxel51.wire.accounts import Role, Scope

Scopes = frozenset[Scope]

DEFAULT_SCOPES: Scopes = frozenset(Scope) - {Scope.ADMINISTER}
"""What a token is good for unless it says otherwise."""

ROLE_SCOPES: Mapping[Role, Scopes] = {
    Role.OPERATOR: frozenset(Scope),
    Role.MEMBER: DEFAULT_SCOPES,
    Role.VIEWER: frozenset({Scope.READ, Scope.MANAGE}),
}
"""The most that any credential of an account is good for."""


@dataclass(frozen=True, slots=True)
class User:
    """A person, or a program acting for one: of the platform itself, or of an application when that is set.

    ``scopes`` are those of the credential that was shown, ``credential_id`` tells which it was.
    """

    id: str
    name: str
    application_id: str | None = None
    scopes: Scopes = DEFAULT_SCOPES
    credential_id: str | None = None

    @property
    def identity(self) -> str:
        """What tells this caller from every other, of whatever kind."""
        return f"user:{self.id}"

    def require(self, scope: Scope) -> None:
        """Pass silently when the credential is good for this.

        Raises:
            Forbidden: it is not.
        """
        _require(self.scopes, scope)


@dataclass(frozen=True, slots=True)
class Application:
    """A program that has users of its own, acting for none of them in particular. See `User` for the rest."""

    id: str
    name: str
    scopes: Scopes = DEFAULT_SCOPES
    credential_id: str | None = None

    @property
    def identity(self) -> str:
        """What tells this caller from every other, of whatever kind."""
        return f"application:{self.id}"

    def require(self, scope: Scope) -> None:
        """Pass silently when the credential is good for this; raises as `User.require` does."""
        _require(self.scopes, scope)


Caller = User | Application
"""Whoever may look at analytics: what is public, and what is theirs."""


def _require(scopes: Scopes, scope: Scope) -> None:
    if scope not in scopes:
        held = ", ".join(sorted(scopes)) or "nothing"
        raise Forbidden(f"This needs the right to '{scope}', and this credential is good for: {held}. Take another one")
