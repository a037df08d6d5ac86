"""The routes by which people come in from an OpenID provider."""

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie

from voxel51.server.accounts.entrance_routes import browser_of, cookie_attributes, session_cookie
from voxel51.server.accounts.oidc.service import SIGN_IN_LIFETIME, OidcService, StartedSignIn
from voxel51.server.http.route import Answer, Call, Needs, Route
from voxel51.server.parameters import QueryParameter
from voxel51.wire.accounts import OidcRedirect
from voxel51.wire.headers import SIGN_IN_COOKIE

SIGN_IN_PATH = "/sign-in/oidc"
CALLBACK_PATH = "/sign-in/oidc/callback"

_TEXT = {"type": "string"}
_NEXT = QueryParameter("path of this platform to go on with", _TEXT)
_GONE = {"Location": "where to go on", "Set-Cookie": "what ties the sign-in to this browser, or the session"}
_BEGIN = {"next": _NEXT, "invitation": QueryParameter("the key of an invitation", _TEXT)}
_BACK = {
    "code": QueryParameter("what the provider answers who signed in", _TEXT),
    "state": QueryParameter("what it was sent", _TEXT),
    "iss": QueryParameter("who answers", _TEXT),
    "error": QueryParameter("why there is no code", _TEXT),
    "error_description": QueryParameter("the same for people", _TEXT),
}
_AWAY = (424, 502)
_REFUSAL_PAGE = "/sign-in"  # of the console


def oidc_routes(oidc: OidcService, is_secure: bool) -> Iterable[Route]:
    """One table of the routes. Where the platform ``is_secure``, browsers send its cookies over HTTPS alone."""

    def look(_call: Call) -> None:
        oidc.discover()

    def begin(call: Call) -> Answer:
        started = oidc.start(call.arguments.get("next"), call.arguments.get("invitation"))
        return Answer(None, {"Location": started.url, "Set-Cookie": _sign_in_cookie(started, is_secure), **_UNKEPT})

    def add(call: Call) -> Answer:
        started = oidc.start(call.arguments.get("next"), user=call.caller)
        body: OidcRedirect = {"url": started.url}
        return Answer(body, {"Set-Cookie": _sign_in_cookie(started, is_secure), **_UNKEPT})

    def finish(call: Call) -> Answer:
        session, path = oidc.finish(call.arguments, _cookie(call.headers.get("cookie", "")), browser_of(call))
        cookie = _forgotten(is_secure) if session is None else session_cookie(session, is_secure)
        return Answer(None, {"Location": path, "Set-Cookie": cookie, **_UNKEPT})

    def remove(call: Call) -> None:
        oidc.unlink(call.caller)

    return [
        Route("GET", SIGN_IN_PATH, begin, "Sign in by the provider that this platform trusts", needs=Needs.NOBODY,
              status=302, errors=(400, 404, *_AWAY), takes_arguments=_BEGIN, answer_headers=_GONE, look_outside=look,
              refusal_page=_REFUSAL_PAGE),
        Route("GET", CALLBACK_PATH, finish, "Come back from the provider, signed in", needs=Needs.NOBODY, status=302,
              errors=(400, 401, 403, 404, 409, 429, *_AWAY), takes_arguments=_BACK, answer_headers=_GONE,
              asks_outside=True, refusal_page=_REFUSAL_PAGE),
        Route("POST", "/account/oidc", add, "Sign in by the provider as well from now on: where to go for it",
              errors=(400, *_AWAY), takes_arguments={"next": _NEXT}, answers=OidcRedirect, answer_headers=_GONE,
              tells_secret=True, look_outside=look),
        Route("DELETE", "/account/oidc", remove, "Sign in by the password alone from now on", status=204,
              errors=(409,)),
    ]  # fmt: skip


_UNKEPT = {"Cache-Control": "no-store"}


def _sign_in_cookie(started: StartedSignIn, is_secure: bool) -> str:
    seconds = int(SIGN_IN_LIFETIME.total_seconds())
    return f"{SIGN_IN_COOKIE}={started.cookie}; {cookie_attributes(is_secure)}; Max-Age={seconds}"


def _forgotten(is_secure: bool) -> str:
    return f"{SIGN_IN_COOKIE}=; {cookie_attributes(is_secure)}; Max-Age=0"


def _cookie(header: str) -> str | None:
    try:
        found = SimpleCookie(header).get(SIGN_IN_COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value
