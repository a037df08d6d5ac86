"""Callers: the users and applications that credentials authenticate, and the scopes that each has."""

from collections.abc import Mapping
from dataclasses import dataclass

from voxel51.server.errors import Forbidden
from voxel51.wire.accounts import Role, Scope

Scopes = frozenset[Scope]

DEFAULT_SCOPES: Scopes = frozenset(Scope) - {Scope.MONITOR, Scope.ADMINISTER}
"""Scopes of a token that sets none."""

ROLE_SCOPES: Mapping[Role, Scopes] = {
    Role.OPERATOR: frozenset(Scope),
    Role.MEMBER: DEFAULT_SCOPES,
    Role.VIEWER: frozenset({Scope.READ, Scope.MANAGE}),
}
"""The most that any credential of an account may do, by the account's role."""


@dataclass(frozen=True, slots=True)
class User:
    """A user of the platform, or of an application if ``application_id`` is set.

    ``scopes`` are those of the credential that the request used, and ``credential_id`` identifies that credential.
    """

    id: str
    name: str
    application_id: str | None = None
    scopes: Scopes = DEFAULT_SCOPES
    credential_id: str | None = None

    @property
    def identity(self) -> str:
        """Unique identifier, also among callers of other kinds."""
        return f"user:{self.id}"

    def require(self, *scopes: Scope) -> None:
        """Raise `Forbidden` unless the credential has all ``scopes``.

        Raises:
            Forbidden: it does not.
        """
        _require(self.scopes, scopes)


@dataclass(frozen=True, slots=True)
class Application:
    """An application that acts for itself, not for one of its users. For the attributes, see `User`."""

    id: str
    name: str
    scopes: Scopes = DEFAULT_SCOPES
    credential_id: str | None = None

    @property
    def identity(self) -> str:
        """Unique identifier, also among callers of other kinds."""
        return f"application:{self.id}"

    def require(self, *scopes: Scope) -> None:
        """Raise `Forbidden` unless the credential has all ``scopes``."""
        _require(self.scopes, scopes)


Caller = User | Application
"""The sender of a request that may come from a user or from an application."""


def _require(held: Scopes, required: tuple[Scope, ...]) -> None:
    for scope in required:
        if scope not in held:
            shown = ", ".join(sorted(held)) or "no scopes"
            raise Forbidden(f"This requires the scope '{scope}'; the credential has: {shown}. Use another credential")
