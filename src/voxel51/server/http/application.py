"""The ASGI application: dispatch requests to routes and pages, and add what every response has."""

import re
import uuid
from collections.abc import Iterable, Sequence
from itertools import groupby

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voxel51.server.http.endpoint import Dependencies, Endpoint
from voxel51.server.http.errors import response_to
from voxel51.server.http.replies import FileReply
from voxel51.server.http.route import Route
from voxel51.server.logs import request_id
from voxel51.wire.headers import REQUEST_ID
from voxel51.wire.tokens import API_VERSION

_OVERRIDABLE_METHODS = {"PATCH", "DELETE"}
_REPEATED_SLASHES = re.compile(r"/{2,}")

_DEFAULT_CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""For every response without a policy of its own. An uploaded HTML file that is opened in a browser can then run
nothing, least of all with the session of the user who opened it."""


def build_application(routes: Iterable[Route], dependencies: Dependencies, pages: Sequence[BaseRoute]) -> ASGIApp:
    """Return the application that serves ``routes`` under the version prefix, and ``pages`` beside them."""
    # Paths with fewer placeholders first: `/data/list` must win over `/data/{data_id}`.
    ordered = sorted(routes, key=lambda route: (route.path.count("{"), route.path))
    resources = [
        StarletteRoute(f"/{API_VERSION}{path}", _Resource(at_path, dependencies))
        for path, at_path in groupby(ordered, lambda route: route.path)
    ]

    async def on_error(request: Request, error: Exception) -> Response:
        return response_to(error, request)

    handlers = {HTTPException: on_error, Exception: on_error}
    application = Starlette(routes=[*resources, *pages], exception_handlers=handlers)
    application.router.redirect_slashes = False
    return _Middleware(application)


class _Resource:
    """All methods of one path; any other method is answered with 405 and the allowed ones."""

    def __init__(self, routes: Iterable[Route], dependencies: Dependencies) -> None:
        self._endpoints: dict[str, Endpoint] = {}
        for route in routes:
            endpoint = self._endpoints[route.method] = Endpoint(route, dependencies)
            if route.answers is FileReply:
                self._endpoints["HEAD"] = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(scope["method"])
        if endpoint is None:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(self._endpoints))})
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


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
        own_id = scope[REQUEST_ID] = uuid.uuid4().hex

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = own_id
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Content-Security-Policy", _DEFAULT_CONTENT_SECURITY_POLICY)
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
