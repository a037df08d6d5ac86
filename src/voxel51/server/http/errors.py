"""Error responses: map every error to its status and to the JSON body that clients expect."""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from voxel51.server.errors import (
    BadRequest,
    Conflict,
    Damaged,
    DatabaseAway,
    Forbidden,
    Locked,
    Lost,
    NotFound,
    OutOfSpace,
    OverQuota,
    ServiceError,
    SourceAway,
    SourceRefused,
    TooLarge,
    TooManyRequests,
    TooSlow,
    Unauthenticated,
    Unavailable,
    Unprocessable,
    UnsupportedType,
    UnsupportedVersion,
)
from voxel51.wire.errors import ErrorResponse
from voxel51.wire.headers import SIGN_IN_ERROR_COOKIE

log = logging.getLogger(__name__)

_SHARE_KEY = re.compile(r"(?<=/shared/)[^/]+")
"""The only secret that occurs in a path; it is masked in the log."""

STATUS_OF: Mapping[type[ServiceError], int] = {
    BadRequest: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    TooSlow: 408,
    Conflict: 409,
    Lost: 410,
    UnsupportedVersion: 412,
    TooLarge: 413,
    UnsupportedType: 415,
    Unprocessable: 422,
    Locked: 423,
    SourceRefused: 424,
    TooManyRequests: 429,
    Damaged: 460,  # defined by the tus protocol
    SourceAway: 502,
    Unavailable: 503,
    DatabaseAway: 503,
    OutOfSpace: 507,
    OverQuota: 507,
}
"""HTTP status of each service error."""

_SIGN_IN_ERROR_COOKIE_SECONDS = 60
_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    423: {"Retry-After": "1"},
    503: {"Retry-After": "1"},
}

_RETRY_AFTER: Mapping[type[ServiceError], Mapping[str, str]] = {
    DatabaseAway: {"Retry-After": "2"},
    OutOfSpace: {"Retry-After": "30"},  # unlike a quota, which stays exceeded until its owner deletes something
}
"""Seconds after which the same request may succeed, for errors that pass by themselves."""


def error_body(status: int, message: str) -> bytes:
    """Return the body of an error response."""
    # Messages quote what was sent, which may contain lone surrogates.
    sendable = message.encode("utf-8", "replace").decode()
    answer: ErrorResponse = {"error": {"code": status, "message": sendable}}
    return msgspec.json.encode(answer)


def error_response(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error response."""
    return Response(
        error_body(status, message), status, {**_HEADERS.get(status, {}), **(headers or {})}, "application/json"
    )


def accepts_html(request: Request) -> bool:
    """Whether the request comes from a browser that would display the response."""
    return "text/html" in request.headers.get("accept", "")


def error_page_redirect(path: str, refusal: Response) -> Response:
    """Return a redirect to the console page at ``path`` that displays why the request was refused.

    The message is sent in a cookie. In the URL, anyone could make the platform display a text of theirs.
    """
    message = msgspec.json.decode(refusal.body, type=ErrorResponse)["error"]["message"]
    response = Response(None, 302, {"Location": f"{path}?refused={refusal.status_code}", "Cache-Control": "no-store"})
    response.set_cookie(
        SIGN_IN_ERROR_COOKIE, quote(message, safe=""), max_age=_SIGN_IN_ERROR_COOKIE_SECONDS, path=path, samesite="lax"
    )
    return response


def response_to(error: Exception, request: Request) -> Response:
    """Return the response to ``error``. An unexpected one is logged with its traceback and answered with 500."""
    if isinstance(error, TooManyRequests):
        return error_response(429, str(error), {"Retry-After": str(error.wait_seconds)})
    if isinstance(error, ServiceError):
        return error_response(STATUS_OF[type(error)], str(error), _RETRY_AFTER.get(type(error)))
    if isinstance(error, HTTPException):
        return error_response(error.status_code, _explain(error, request), error.headers)
    path = _SHARE_KEY.sub("…", request.url.path)
    log.error("%s %s failed", request.method, path, exc_info=error)
    return error_response(
        500, "The platform failed to serve this request. Its log has the cause; give the operator the request id"
    )


def _explain(error: HTTPException, request: Request) -> str:
    if error.status_code == 404:
        return f"Not found: {request.url.path}. /docs/api lists the routes"
    if error.status_code == 405:
        return f"{request.method} is not supported at {request.url.path}. /docs/api lists the routes"
    return error.detail or HTTPStatus(error.status_code).phrase
