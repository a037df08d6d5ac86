"""OIDC routes: sign in through an OpenID Connect provider, and link or unlink an account."""

from collections.abc import Iterable
from dataclasses import dataclass

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.oidc.service import SIGN_IN_LIFETIME, OidcService, StartedSignIn
from voxel51.server.accounts.sign_in_routes import browser_of, session_cookie
from voxel51.server.http.access import ANYONE
from voxel51.server.http.context import RequestContext
from voxel51.server.http.cookies import PlatformCookies, read_cookie
from voxel51.server.http.replies import JsonReply
from voxel51.server.http.route import Headers, Policy, Route, route
from voxel51.server.parameters import QueryParameter
from voxel51.wire.accounts import OidcRedirect

SIGN_IN_PATH = "/sign-in/oidc"
CALLBACK_PATH = "/sign-in/oidc/callback"

_TEXT = {"type": "string"}
_NEXT = QueryParameter("path of this platform to continue at", _TEXT)
_SIGN_IN_PARAMETERS = {"next": _NEXT, "invitation": QueryParameter("the key of an invitation", _TEXT)}
_CALLBACK_PARAMETERS = {
    "code": QueryParameter("authorization code of the provider", _TEXT),
    "state": QueryParameter("state of the authorization request", _TEXT),
    "iss": QueryParameter("issuer: the provider that answers", _TEXT),
    "error": QueryParameter("error code, in place of an authorization code", _TEXT),
    "error_description": QueryParameter("error text for users", _TEXT),
}
_REDIRECT = Headers(
    response={
        "Location": "where to continue",
        "Set-Cookie": "what ties the sign-in to this browser, or the session",
    }
)
_PROVIDER_ERRORS = (424, 502)
_REFUSAL_PAGE = "/sign-in"  # of the console
_NO_STORE = {"Cache-Control": "no-store"}


def oidc_routes(handlers: "OidcHandlers") -> Iterable[Route]:
    """Return the routes of signing in through a provider."""
    link = "/account/oidc"
    return [
        route("GET", SIGN_IN_PATH, handlers.begin, "Sign in through the OIDC provider",
              Policy(ANYONE, refusal_page=_REFUSAL_PAGE), prepare=handlers.discover, status=302,
              errors=(400, 404, *_PROVIDER_ERRORS), parameters=_SIGN_IN_PARAMETERS, headers=_REDIRECT),
        route("GET", CALLBACK_PATH, handlers.finish, "Finish the sign-in, when the provider redirects back",
              Policy(ANYONE, refusal_page=_REFUSAL_PAGE, calls_other_hosts=True), status=302,
              errors=(400, 401, 403, 404, 409, 429, *_PROVIDER_ERRORS), parameters=_CALLBACK_PARAMETERS,
              headers=_REDIRECT),
        route("POST", link, handlers.link, "Link your account to the OIDC provider: get the URL to visit",
              Policy(USER, has_secret=True), prepare=handlers.discover, errors=(400, *_PROVIDER_ERRORS),
              parameters={"next": _NEXT}, answers=OidcRedirect, headers=_REDIRECT),
        route("DELETE", link, handlers.unlink, "Unlink your account from the OIDC provider", BY_USER, status=204,
              errors=(409,)),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class OidcHandlers:
    """Handlers of the OIDC routes. ``cookies`` has the names and attributes of the platform's cookies."""

    oidc: OidcService
    cookies: PlatformCookies

    def discover(self, _context: RequestContext[object]) -> None:
        """Read the provider's configuration, which may take a request to it."""
        self.oidc.discover()

    def begin(self, context: RequestContext[None]) -> JsonReply:
        """Redirect the browser to the provider."""
        started = self.oidc.start(context.query_params.get("next"), context.query_params.get("invitation"))
        return JsonReply(None, {"Location": started.url, "Set-Cookie": self._state_cookie(started), **_NO_STORE})

    def link(self, context: RequestContext[User]) -> JsonReply:
        """Return the URL at which the provider is linked to the account."""
        started = self.oidc.start(context.query_params.get("next"), user=context.caller)
        body: OidcRedirect = {"url": started.url}
        return JsonReply(body, {"Set-Cookie": self._state_cookie(started), **_NO_STORE})

    def finish(self, context: RequestContext[None]) -> JsonReply:
        """Begin a session, or link an account that is signed in already, and redirect to the console."""
        sealed_state = read_cookie(context.headers.get("cookie", ""), self.cookies.sign_in)
        session, path = self.oidc.finish(context.query_params, sealed_state, browser_of(context))
        cookie = self._expired_state_cookie() if session is None else session_cookie(session, self.cookies)
        return JsonReply(None, {"Location": path, "Set-Cookie": cookie, **_NO_STORE})

    def unlink(self, context: RequestContext[User]) -> None:
        """Unlink the account from the provider."""
        self.oidc.unlink(context.caller)

    def _state_cookie(self, started: StartedSignIn) -> str:
        seconds = int(SIGN_IN_LIFETIME.total_seconds())
        return f"{self.cookies.sign_in}={started.cookie}; {self.cookies.attributes}; Max-Age={seconds}"

    def _expired_state_cookie(self) -> str:
        return f"{self.cookies.sign_in}=; {self.cookies.attributes}; Max-Age=0"
