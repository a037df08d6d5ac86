"""Sign-in routes: sign in, sign up and sign out with a browser, and reset a password."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import format_datetime
from functools import partial

from starlette.requests import cookie_parser

from voxel51.server.accounts.access import BY_USER
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.names import MAX_NAME_LENGTH
from voxel51.server.accounts.passwords import PasswordHash, hash_password
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.sessions import Session, SessionService, SignInAttempt
from voxel51.server.accounts.sign_up import SignUpService
from voxel51.server.accounts.tokens import CredentialKind
from voxel51.server.errors import ServiceError, Unauthenticated
from voxel51.server.http.access import ANYONE
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.cookies import PlatformCookies
from voxel51.server.http.rate_limits import RateLimiter
from voxel51.server.http.replies import JsonReply
from voxel51.server.http.route import Headers, Policy, Route, route
from voxel51.wire import dates
from voxel51.wire.accounts import PasswordReset, Provider, SignedIn, SignIn, SignInOptions, SignUp
from voxel51.wire.headers import SESSION_COOKIE

WRONG_PASSWORDS = "wrong passwords for this account; existing sessions and tokens still work"
_COOKIE = Headers(response={"Set-Cookie": f"the session; the name begins with {SESSION_COOKIE}"})
_BY_ANYONE = Policy(ANYONE)


def sign_in_routes(handlers: "SignInHandlers") -> Iterable[Route]:
    """Return the routes of signing in, up and out."""
    return [
        route("GET", "/sign-in", handlers.options, "List the ways to sign in", _BY_ANYONE, answers=SignInOptions),
        route("POST", "/sign-in", handlers.sign_in, "Sign in with name and password", _BY_ANYONE, JsonBody(SignIn),
              compute=handlers.verify, answers=SignedIn, errors=(401, 403), headers=_COOKIE),
        route("POST", "/sign-up", handlers.sign_up, "Create an account and sign in", _BY_ANYONE, JsonBody(SignUp),
              compute=handlers.hash_for_sign_up, answers=SignedIn, status=201, errors=(403, 409), headers=_COOKIE),
        route("POST", "/sign-out", handlers.sign_out, "End the current session", BY_USER, status=204, headers=_COOKIE),
        route("POST", "/password-resets", handlers.reset, "Set a new password with a key from an operator", _BY_ANYONE,
              JsonBody(PasswordReset), compute=handlers.hash_for_reset, status=204, errors=(403,)),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignInHandlers:
    """Handlers of signing in, up and out.

    Attributes:
        provider: the OIDC provider to offer, if any.
        cookies: names and attributes of the platform's cookies.
        password_limiter: failed passwords for one name, from any network.
    """

    sign_up_service: SignUpService
    session_service: SessionService
    accounts: AccountService
    provider: Provider | None
    cookies: PlatformCookies
    password_limiter: RateLimiter

    def options(self, context: RequestContext[None]) -> SignInOptions:
        """Return the ways to sign in."""
        return {
            "sign_up": self.sign_up_service.mode,
            "needs_operator": self.sign_up_service.is_first(),
            "provider": self.provider,
            "signed_in": self._is_signed_in(context),
        }

    def _is_signed_in(self, context: RequestContext[None]) -> bool:
        key = cookie_parser(context.headers.get("cookie", "")).get(self.cookies.session)
        try:
            return key is not None and bool(self.accounts.authenticate(key, CredentialKind.SESSION))
        except ServiceError:
            return False

    def verify(self, _context: RequestContext[None], body: SignIn) -> Callable[[], SignInAttempt]:
        """Find the account, and return the function that verifies the password."""
        # Unknown names are counted too, so that the limit does not reveal which accounts exist.
        self.password_limiter.check(_limited_name(body), WRONG_PASSWORDS)
        return partial(self.session_service.attempt(body["username"]).verify, body["password"])

    def sign_in(self, context: RequestContext[None], body: SignIn, attempt: SignInAttempt) -> JsonReply:
        """Begin a session."""
        try:
            session = self.session_service.sign_in(attempt, browser_of(context))
        except Unauthenticated:
            self.password_limiter.take(_limited_name(body), WRONG_PASSWORDS)
            raise
        return _signed_in(session, self.cookies)

    def hash_for_sign_up(self, _context: RequestContext[None], body: SignUp) -> Callable[[], PasswordHash]:
        """Check everything else, and return the function that hashes the password."""
        self.sign_up_service.check(body["username"], body["password"], body.get("invitation"))
        return partial(hash_password, body["password"])

    def sign_up(self, context: RequestContext[None], body: SignUp, hashed: PasswordHash) -> JsonReply:
        """Create an account and begin a session."""
        name, invitation = body["username"], body.get("invitation")
        return _signed_in(self.sign_up_service.sign_up(name, hashed, invitation, browser_of(context)), self.cookies)

    def sign_out(self, context: RequestContext[User]) -> JsonReply:
        """End the session and delete its cookie."""
        self.session_service.end(context.caller)
        cookie = f"{self.cookies.session}=; {self.cookies.attributes}; Max-Age=0"
        return JsonReply(headers={"Set-Cookie": cookie})

    def hash_for_reset(self, _context: RequestContext[None], body: PasswordReset) -> Callable[[], PasswordHash]:
        """Check the key, and return the function that hashes the new password."""
        self.sign_up_service.check_reset(body["key"], body["new_password"])
        return partial(hash_password, body["new_password"])

    def reset(self, _context: RequestContext[None], body: PasswordReset, hashed: PasswordHash) -> None:
        """Set a new password."""
        self.sign_up_service.reset(body["key"], hashed)


def _limited_name(body: SignIn) -> str:
    return body["username"][:MAX_NAME_LENGTH]  # a longer name has no account, and would only fill the memory


def _signed_in(session: Session, cookies: PlatformCookies) -> JsonReply:
    body: SignedIn = {
        "username": session.user.name,
        "role": session.role,
        "expires_at": dates.to_text(session.expires_at),
    }
    return JsonReply(body, {"Set-Cookie": session_cookie(session, cookies)})


def session_cookie(session: Session, cookies: PlatformCookies) -> str:
    """Return the ``Set-Cookie`` header of a session."""
    expires = format_datetime(session.expires_at, usegmt=True)
    return f"{cookies.session}={session.key}; {cookies.attributes}; Expires={expires}"


def browser_of(context: RequestContext[object]) -> str:
    """Return the name of a session in lists: what the browser says about itself."""
    return context.headers.get("user-agent", "")
