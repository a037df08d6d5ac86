"""The ASGI application: dispatch requests to routes and pages, and add what every response has."""

import re
import secrets
from collections.abc import Iterable, Sequence
from itertools import groupby

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voxel51.server.http.endpoint import Dependencies
from voxel51.server.http.errors import response_to
from voxel51.server.http.resources import Resource, ResourceTree
from voxel51.server.http.route import Route
from voxel51.server.logs import request_id
from voxel51.wire.headers import REQUEST_ID
from voxel51.wire.tokens import API_VERSION

_OVERRIDABLE_METHODS = {"PATCH", "DELETE"}
_REPEATED_SLASHES = re.compile(r"/{2,}")

_REQUEST_ID_HEADER = REQUEST_ID.lower().encode()
_DEFAULT_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    # An uploaded HTML file that is opened in a browser can then run nothing, least of all with the session of the user
    # who opened it.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
)
"""Headers of every response that does not set them itself, as ASGI has them."""


def build_application(routes: Iterable[Route], dependencies: Dependencies, pages: Sequence[BaseRoute]) -> ASGIApp:
    """Return the application that serves ``routes`` under the version prefix, and ``pages`` beside them."""
    resources = ResourceTree()
    for path, at_path in groupby(sorted(routes, key=lambda route: route.path), lambda route: route.path):
        resources.add(f"/{API_VERSION}{path}", Resource(at_path, dependencies))

    async def on_error(request: Request, error: Exception) -> Response:
        return response_to(error, request)

    handlers = {HTTPException: on_error, Exception: on_error}
    application = Starlette(routes=[resources, *pages], exception_handlers=handlers)
    application.router.redirect_slashes = False
    return _Middleware(application)


class _Middleware:
    """Assigns a request id, adds security headers, and normalizes the method and the slashes of the path."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        _override_method(scope)
        path = _REPEATED_SLASHES.sub("/", scope["path"])
        scope["path"] = path.rstrip("/") or "/"
        own_id = secrets.token_hex(16)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                defaults = (header for header in _DEFAULT_HEADERS if header[0] not in present)
                message["headers"] = [*message["headers"], (_REQUEST_ID_HEADER, own_id.encode()), *defaults]
            await send(message)

        entered = request_id.set(own_id)
        try:
            await self._application(scope, receive, send_with_headers)
        finally:
            request_id.reset(entered)


def _override_method(scope: Scope) -> None:
    """Apply ``X-HTTP-Method-Override``, which the tus protocol has for clients that can send only POST."""
    if scope["method"] == "POST":
        method = Headers(scope=scope).get("x-http-method-override", "").upper()
        if method in _OVERRIDABLE_METHODS:
            scope["method"] = method
