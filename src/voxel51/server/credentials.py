"""Credentials: authenticate the caller of a request, by token, session, application key, job credential or link."""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from starlette.requests import Request

from voxel51.server.accounts.access import APPLICATION, CALLER, USER
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.callers import Application, Caller, User
from voxel51.server.accounts.recent_callers import RecentCallers
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.tokens import CredentialKind, hash_key
from voxel51.server.errors import Forbidden, Unauthenticated
from voxel51.server.http.access import ANYONE, SIGNED_LINK, Access, Authenticator
from voxel51.server.http.cookies import cookies_of
from voxel51.server.http.signing import LinkSigner
from voxel51.server.jobs.agent_routes import AGENT
from voxel51.server.jobs.attempt_reports import AttemptReports
from voxel51.server.jobs.attempts import Attempt
from voxel51.wire import headers
from voxel51.wire.accounts import Scope
from voxel51.wire.tokens import API_VERSION

Scopes = tuple[Scope, ...]
"""Scopes that a route requires."""

_JOB_PATH = re.compile(rf"/{API_VERSION}/jobs/([^/]+)/")


class Credentials:
    """Authenticates callers. An application's key takes precedence over a user's: old clients send only one of them."""

    def __init__(
        self,
        accounts: AccountService,
        applications: ApplicationService,
        recent: RecentCallers,
        attempts: AttemptReports,
        signer: LinkSigner,
        public_url: str,
    ) -> None:
        self._accounts = accounts
        self._applications = applications
        self._recent = recent
        self._attempts = attempts
        self._signer = signer
        self._origin = _origin(public_url)
        self._session_cookie = cookies_of(public_url).session

    def authenticators(self) -> Mapping[Access[Any], Authenticator]:
        """Return what checks each kind of access."""
        return {
            ANYONE: Authenticator(self.anyone),
            USER: Authenticator(self.user, self.recalled_user),
            APPLICATION: Authenticator(self.application),
            CALLER: Authenticator(self.caller),
            AGENT: Authenticator(self.agent, paced=_paced_agent),
            SIGNED_LINK: Authenticator(self.link, paced=self._paced_link),
        }

    def anyone(self, request: Request, _scopes: Scopes) -> None:
        """Accept any request but one from a page of another site, which might sign a user in without their knowledge.

        Raises:
            Forbidden: the request comes from a page of another site.
        """
        self._check_origin(request)

    def caller(self, request: Request, scopes: Scopes) -> Caller:
        """Return the user, or the application if it names none of its users.

        Raises:
            Unauthenticated: the credential is missing, unknown, expired or revoked.
            Forbidden: it does not include all ``scopes``, or its account is suspended.
            NotFound: the application has no such user.
        """
        found = self._find(self._presented(request))
        found.require(*scopes)
        return found

    def _find(self, presented: "_Presented") -> Caller:
        return self._recent.find(presented.hashed, lambda: self._check(presented))

    def _check(self, presented: "_Presented") -> Caller:
        if isinstance(presented.kind, CredentialKind):
            return self._accounts.authenticate(presented.key, presented.kind)
        if presented.user_name:
            return self._applications.authenticate_user(presented.key, presented.user_name)
        return self._applications.authenticate(presented.key)

    def _presented(self, request: Request) -> "_Presented":
        key, user_name = request.headers.get(headers.APPLICATION_KEY), request.headers.get(headers.APPLICATION_USER)
        if key is not None:
            return _Presented("application", key, user_name or None)
        if headers.AUTHORIZATION in request.headers or self._session_cookie not in request.cookies:
            return _Presented(CredentialKind.TOKEN, _bearer(request))
        self._check_origin(request)
        return _Presented(CredentialKind.SESSION, request.cookies[self._session_cookie])

    def _check_origin(self, request: Request) -> None:
        """Raise `Forbidden` for a request that a page of another site may have caused.

        Browsers attach cookies to such requests too, and say where they come from: ``Sec-Fetch-Site``, or ``Origin``
        in older browsers.
        """
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        own = {None, self._origin, f"{request.url.scheme}://{request.headers.get('host', '')}"}
        is_same_origin = origin in own if site is None else site in {"same-origin", "none"}
        if request.method not in {"GET", "HEAD", "OPTIONS"} and not is_same_origin:
            raise Forbidden("Requests from pages of other sites are refused; use the platform's own pages")

    def user(self, request: Request, scopes: Scopes) -> User:
        """Return the user, of the platform or of an application; raises as `caller` does.

        Raises:
            Forbidden: the credential is that of an application, which names no user.
        """
        return _require_user(self.caller(request, scopes))

    def recalled_user(self, request: Request, scopes: Scopes) -> User | None:
        """Return the user if the credential was checked a moment ago, otherwise None; raise as `user` does."""
        known = self._recent.get(self._presented(request).hashed)
        if known is None:
            return None
        known.require(*scopes)
        return _require_user(known)

    def application(self, request: Request, scopes: Scopes) -> Application:
        """Return the application, whether or not it names a user.

        Raises:
            Unauthenticated: the credential is missing, unknown, expired or revoked.
            Forbidden: it does not include all ``scopes``.
        """
        key = request.headers.get(headers.APPLICATION_KEY)
        if key is None:
            raise Unauthenticated(
                f"An application token is required: send the header '{headers.APPLICATION_KEY}: <private key>'"
            )
        found = self._applications.authenticate(key)
        found.require(*scopes)
        return found

    def agent(self, request: Request, _scopes: Scopes) -> Attempt:
        """Return the attempt at the job that the path names.

        Raises:
            Unauthenticated: the credential is missing or unknown.
            Forbidden: it belongs to another attempt.
        """
        credential = request.headers.get(headers.AGENT_KEY)
        found = _JOB_PATH.match(request.url.path)
        if not credential or found is None:
            raise Unauthenticated(f"A job's credential is required in the header {headers.AGENT_KEY}")
        return self._attempts.authenticate(credential, found[1])

    def link(self, request: Request, _scopes: Scopes) -> None:
        """Check a signed link.

        Raises:
            Forbidden: it is not signed for this request, or has expired.
        """
        self._signer.check(request.method, request.scope["raw_path"].decode("ascii"), request.query_params)

    def _paced_link(self, request: Request) -> str | None:
        """Return the name of the attempt that a link is for; None for other links, and for invalid ones."""
        attempt_id: str | None = request.path_params.get("attempt_id")
        if attempt_id is None:
            return None
        try:
            self.link(request, ())
        except Forbidden:
            return None
        return f"attempt:{attempt_id}"


@dataclass(frozen=True, slots=True)
class _Presented:
    """The credential that a request presents: an application's key, for one of its users or itself, or a user's."""

    kind: CredentialKind | Literal["application"]
    key: str
    user_name: str | None = None

    @property
    def hashed(self) -> Hashable:
        """The credential without its secret, to find it in memory."""
        return self.kind, hash_key(self.key), self.user_name


def _require_user(found: Caller) -> User:
    if isinstance(found, Application):
        raise Forbidden(
            f"This route needs a user: application {found.name!r} must name one of its users "
            f"in the header '{headers.APPLICATION_USER}'"
        )
    return found


def _paced_agent(request: Request) -> str | None:
    credential = request.headers.get(headers.AGENT_KEY)
    return None if credential is None else f"credential:{hash_key(credential)}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get(headers.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != headers.BEARER.lower() or not key.strip():
        raise Unauthenticated(
            f"An API token is required: send the header '{headers.AUTHORIZATION}: Bearer <private key>'"
        )
    return key.strip()
