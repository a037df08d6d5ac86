"""Access: the kinds of credential that a route may require.

A kind names the caller's type, so that mypy checks a route's handler against it. Kinds that stand for users,
applications or jobs are declared by their packages; `voxel51.server.credentials` verifies all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from starlette.requests import Request

from voxel51.wire.accounts import Scope

CallerT = TypeVar("CallerT")


@dataclass(frozen=True, slots=True)
class Access(Generic[CallerT]):
    """A kind of credential. ``CallerT`` is the type of the caller that it stands for.

    Attributes:
        name: unique among all kinds.
        credentials: alternatives, each a tuple of the security schemes that must be sent together (`openapi`).
        errors: statuses that follow from checking the credential.
        is_rate_limited: whether the caller's requests count toward the rate limit; they need an ``identity`` then.
    """

    name: str
    credentials: tuple[tuple[str, ...], ...] = ()
    errors: tuple[int, ...] = ()
    is_rate_limited: bool = False


ANYONE: Access[None] = Access("anyone")
"""No credential is required."""

SIGNED_LINK: Access[None] = Access("link", (("link",),), (403,))
"""A signature in the query string (`voxel51.server.http.signing`)."""


@dataclass(frozen=True, slots=True)
class Authenticator:
    """The check of one kind of access: of credentials, and of the scopes that a route requires.

    Both functions raise one of `voxel51.server.errors` if they refuse the credential.

    Attributes:
        check: returns the caller. Called in a worker thread.
        recall: returns the caller of a credential that was checked a moment ago, otherwise None. It waits for nothing,
            so it may be called in the event loop.
        paced: returns a name of the caller if its requests are slowed down to a rate, otherwise None. Only the holder
            of a credential can cause requests with its name. Called in the event loop.
    """

    check: Callable[[Request, tuple[Scope, ...]], object]
    recall: Callable[[Request, tuple[Scope, ...]], object] = lambda _request, _scopes: None
    paced: Callable[[Request], str | None] | None = None


class IdentifiedCaller(Protocol):
    """Caller with an identity, by which rate limits count."""

    @property
    def identity(self) -> str:
        """Return a text that is unique among callers of all kinds."""


class ScopedCaller(Protocol):
    """A caller whose credential is limited to scopes."""

    def require(self, *scopes: Scope) -> None:
        """Raise `Forbidden` if the credential does not include all ``scopes``."""
