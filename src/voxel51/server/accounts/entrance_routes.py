"""The routes by which people get in by a browser: signing up and in, and choosing a new password."""

from collections.abc import Iterable
from email.utils import format_datetime

from starlette.requests import cookie_parser

from voxel51.server.accounts.names import MAX_NAME_LENGTH
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.sessions import Session, SessionService
from voxel51.server.accounts.sign_up import SignUpService
from voxel51.server.accounts.tokens import CredentialKind
from voxel51.server.errors import ServiceError, Unauthenticated
from voxel51.server.http.rates import Rate
from voxel51.server.http.route import Answer, Call, JsonBody, Needs, Route
from voxel51.wire import dates
from voxel51.wire.accounts import PasswordReset, Provider, SignedIn, SignIn, SignInOptions, SignUp
from voxel51.wire.headers import SESSION_COOKIE

_GUESSES = "wrong passwords for this account; who is signed in, or has a token, is not kept out"
_COOKIE = {"Set-Cookie": f"the session, as {SESSION_COOKIE}"}


def entrance_routes(
    entrance: SignUpService,
    sessions: SessionService,
    accounts: AccountService,
    provider: Provider | None,
    is_secure: bool,
    guesses: Rate,
) -> Iterable[Route]:
    """One table of all ways in. Where the platform ``is_secure``, browsers send its cookies over HTTPS alone.

    ``guesses`` is how often the password of one name may be guessed wrong, from wherever.
    """

    def ways_in(call: Call) -> SignInOptions:
        return {
            "sign_up": entrance.mode,
            "needs_operator": entrance.is_first(),
            "provider": provider,
            "signed_in": is_signed_in(call),
        }

    def is_signed_in(call: Call) -> bool:
        key = cookie_parser(call.headers.get("cookie", "")).get(SESSION_COOKIE)
        try:
            return key is not None and bool(accounts.authenticate(key, CredentialKind.SESSION))
        except ServiceError:
            return False

    def sign_in(call: Call) -> Answer:
        name = call.body["username"]
        account = name[:MAX_NAME_LENGTH]  # what is longer is nobody, and not worth its memory
        guesses.check(account, _GUESSES)  # nobody learns by it whether there is an account of this name
        try:
            session = sessions.sign_in(name, call.body["password"], browser_of(call))
        except Unauthenticated:
            guesses.take(account, _GUESSES)
            raise
        return signed_in(session, is_secure)

    def sign_up(call: Call) -> Answer:
        name, password, invitation = call.body["username"], call.body["password"], call.body.get("invitation")
        return signed_in(entrance.sign_up(name, password, invitation, browser_of(call)), is_secure)

    def sign_out(call: Call) -> Answer:
        sessions.end(call.caller)
        return Answer(headers={"Set-Cookie": f"{SESSION_COOKIE}=; {cookie_attributes(is_secure)}; Max-Age=0"})

    def reset(call: Call) -> None:
        entrance.reset(call.body["key"], call.body["new_password"])

    return [
        Route("GET", "/sign-in", ways_in, "How one gets in here", needs=Needs.NOBODY, answers=SignInOptions),
        Route("POST", "/sign-in", sign_in, "Sign in by name and password", needs=Needs.NOBODY, body=JsonBody(SignIn),
              answers=SignedIn, errors=(401, 403, 429, 503), answer_headers=_COOKIE),
        Route("POST", "/sign-up", sign_up, "Make an account, and sign in", needs=Needs.NOBODY, body=JsonBody(SignUp),
              answers=SignedIn, status=201, errors=(403, 409, 503), answer_headers=_COOKIE),
        Route("POST", "/sign-out", sign_out, "End the session that asks", status=204,
              answer_headers=_COOKIE),
        Route("POST", "/password-resets", reset, "Choose a new password by a key from an operator", needs=Needs.NOBODY,
              body=JsonBody(PasswordReset), status=204, errors=(403, 503)),
    ]  # fmt: skip


def signed_in(session: Session, is_secure: bool) -> Answer:
    """The answer that gives a browser its session."""
    body: SignedIn = {
        "username": session.user.name,
        "role": session.role,
        "expires_at": dates.to_text(session.expires_at),
    }
    return Answer(body, {"Set-Cookie": session_cookie(session, is_secure)})


def session_cookie(session: Session, is_secure: bool) -> str:
    """The cookie that holds a session. Scripts cannot read it, and other sites' pages do not send it."""
    expires = format_datetime(session.expires_at, usegmt=True)
    return f"{SESSION_COOKIE}={session.key}; {cookie_attributes(is_secure)}; Expires={expires}"


def browser_of(call: Call) -> str:
    """What a session is called in lists: what the browser says that it is."""
    return call.headers.get("user-agent", "")


def cookie_attributes(is_secure: bool) -> str:
    """What every cookie of the platform has: no script reads it, and pages of other sites do not send it."""
    return "Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if is_secure else "")
