"""The ASGI application: routes in order, and what surrounds every request."""

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

from voxel51.server.http.endpoint import Endpoint, Serving
from voxel51.server.http.errors import response_to
from voxel51.server.http.route import Bytes, Route
from voxel51.wire.headers import REQUEST_ID
from voxel51.wire.tokens import API_VERSION

_OVERRIDING = {"PATCH", "DELETE"}
_SLASHES = re.compile(r"/{2,}")

_INERT = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""The policy of whatever is no page of ours: a file that somebody uploaded does nothing when it is opened as a page,
and least of all in the name of whoever is signed in."""


def build_application(routes: Iterable[Route], serving: Serving, pages: Sequence[BaseRoute]) -> ASGIApp:
    """The application that serves ``routes`` under the version prefix and ``pages`` beside them."""
    ordered = sorted(routes, key=lambda route: (route.path.count("{"), route.path))
    served = [
        StarletteRoute(f"/{API_VERSION}{path}", _Resource(at_path, serving))
        for path, at_path in groupby(ordered, lambda route: route.path)
    ]

    async def on_error(request: Request, error: Exception) -> Response:
        return response_to(error, request)

    application = Starlette(routes=[*served, *pages], exception_handlers={HTTPException: on_error, Exception: on_error})
    application.router.redirect_slashes = False
    return _Surroundings(application)


class _Resource:
    """All methods of one path, so that a wrong one is told which there are."""

    def __init__(self, routes: Iterable[Route], serving: Serving) -> None:
        self._endpoints: dict[str, Endpoint] = {}
        for route in routes:
            endpoint = self._endpoints[route.method] = Endpoint(route, serving)
            if route.answers is Bytes:
                self._endpoints["HEAD"] = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(scope["method"])
        if endpoint is None:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(self._endpoints))})
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


class _Surroundings:
    """Gives every request an id, and tolerates slashes too many in its path."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        _override_method(scope)
        path = _SLASHES.sub("/", scope["path"])
        scope["path"] = path.rstrip("/") or "/"
        request_id = scope[REQUEST_ID] = uuid.uuid4().hex

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Content-Security-Policy", _INERT)
            await send(message)

        await self._application(scope, receive, send_with_id)


def _override_method(scope: Scope) -> None:
    """Where nothing but POST gets through, other methods come as one that says so."""
    if scope["method"] == "POST":
        wanted = Headers(scope=scope).get("x-http-method-override", "").upper()
        if wanted in _OVERRIDING:
            scope["method"] = wanted
