"""Routes for the type checker: handlers that fit their policy and body, and handlers that do not.

Each ``type: ignore`` marks a mistake that must be found: with ``--strict``, mypy reports an unneeded one as an error.
"""

from voxel51.server.accounts.access import BY_APPLICATION, BY_CALLER, BY_USER
from voxel51.server.accounts.callers import Caller, User
from voxel51.server.http.bodies import Form, JsonBody, MultipartBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import route
from voxel51.wire.accounts import NewToken, SignIn


def without_body(context: RequestContext[User]) -> str:
    return context.caller.id


def with_body(_context: RequestContext[User], body: NewToken) -> str:
    return body["name"]


def with_form(_context: RequestContext[User], form: Form) -> str:
    return form.file("file").filename


def for_any_caller(context: RequestContext[Caller]) -> str:
    return context.caller.identity


def prepare_sign_in(_context: RequestContext[User], body: SignIn) -> None:
    body["password"] = ""


FITTING = [
    route("GET", "/a", without_body, "Fits", BY_USER),
    route("GET", "/a", for_any_caller, "Fits: a user is a caller", BY_USER),
    route("POST", "/a", with_body, "Fits", BY_USER, JsonBody(NewToken)),
    route("POST", "/a", with_form, "Fits", BY_USER, MultipartBody(fields={}, folder=None)),
]
WRONG = [
    route("GET", "/b", without_body, "An application is not a user", BY_APPLICATION),  # type: ignore[arg-type]
    route("GET", "/b", without_body, "A caller may be an application", BY_CALLER),  # type: ignore[arg-type]
    route("POST", "/b", with_body, "The body has another shape", BY_USER, JsonBody(SignIn)),  # type: ignore[arg-type]
    route("POST", "/b", with_body, "The body is missing", BY_USER),  # type: ignore[arg-type]
    route("POST", "/b", without_body, "The body is ignored", BY_USER, JsonBody(SignIn)),  # type: ignore[arg-type]
    route("POST", "/b", with_body, "The wrong body is prepared", BY_USER, JsonBody(NewToken),
          prepare=prepare_sign_in),  # type: ignore[arg-type]
]  # fmt: skip
