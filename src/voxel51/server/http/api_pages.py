"""API reference pages: the OpenAPI document, and Swagger UI with all of its assets."""

from collections.abc import Mapping
from importlib.resources import files

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from voxel51.server.http.errors import error_response

PAGE_PATH = "/docs/api"
_CONTENT_SECURITY_POLICY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
}
_ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API reference</title>
<link rel="icon" href="/docs/api/favicon-32x32.png">
<link rel="stylesheet" href="/docs/api/swagger-ui.css">
<div id="reference"></div>
<script src="/docs/api/swagger-ui-bundle.js"></script>
<script src="/docs/api/start.js"></script>
</html>
"""
_START = """SwaggerUIBundle({url: "/openapi.json", dom_id: "#reference", deepLinking: true, validatorUrl: null});
"""


def api_pages(document: Mapping[str, object]) -> list[Route]:
    """Return the routes of the OpenAPI document and of the page that displays it."""
    encoded = msgspec.json.encode(document)

    async def serve_document(_request: Request) -> Response:
        return Response(encoded, media_type="application/json")

    async def serve_page(_request: Request) -> Response:
        return HTMLResponse(_PAGE, headers=_CONTENT_SECURITY_POLICY)

    return [
        Route("/openapi.json", serve_document),
        Route(PAGE_PATH, serve_page),
        Route(f"{PAGE_PATH}/{{name}}", _serve_asset),
    ]


async def _serve_asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name == "start.js":
        return Response(_START, media_type="text/javascript", headers=_CONTENT_SECURITY_POLICY)
    if name not in _ASSETS:
        return error_response(404, f"Not found: {request.url.path}")
    content = (files("swagger_ui") / "static" / name).read_bytes()
    return Response(content, media_type=_ASSETS[name], headers=_CONTENT_SECURITY_POLICY)
