"""The description of all routes (OpenAPI 3.1), and its human page, assets included."""

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as StarletteRoute

from voxel51.server.database.search import Listing
from voxel51.server.http.errors import error_response
from voxel51.server.http.event_streams import MEDIA_TYPE
from voxel51.server.http.query import MOST
from voxel51.server.http.repetition import LONGEST_KEY, is_remembered
from voxel51.server.http.route import (
    Body,
    Bytes,
    EventStream,
    JsonBody,
    MultipartBody,
    Needs,
    NoBody,
    QueryBody,
    RawBody,
    Route,
    StreamBody,
)
from voxel51.wire.digests import REPR_DIGEST
from voxel51.wire.errors import ErrorResponse
from voxel51.wire.headers import AGENT_KEY, APPLICATION_KEY, APPLICATION_USER, IDEMPOTENCY_KEY, SESSION_COOKIE
from voxel51.wire.query import QueryDocument
from voxel51.wire.tokens import API_VERSION

PAGE_PATH = "/docs/api"
_SECURITY: Mapping[Needs, list[tuple[str, ...]]] = {
    Needs.NOBODY: [],
    Needs.USER: [("user",), ("session",), ("application", "active_user")],
    Needs.APPLICATION: [("application",)],
    Needs.CALLER: [("user",), ("session",), ("application",), ("application", "active_user")],
    Needs.AGENT: [("agent",)],
    Needs.LINK: [("link",)],
}
_SCOPED = {"user", "session", "application"}
_SCHEMES = {
    "user": {"type": "http", "scheme": "bearer", "description": "A user's API token"},
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE, "description": "Who signed in by a browser"},
    "application": {
        "type": "apiKey",
        "in": "header",
        "name": APPLICATION_KEY,
        "description": "An application's token",
    },
    "active_user": {
        "type": "apiKey",
        "in": "header",
        "name": APPLICATION_USER,
        "description": "The user of the application for whom it acts",
    },
    "agent": {"type": "apiKey", "in": "header", "name": AGENT_KEY, "description": "What a job was started with"},
    "link": {"type": "apiKey", "in": "query", "name": "signature", "description": "A signed link, as it was given"},
}
_REFUSALS: Mapping[Needs, tuple[int, ...]] = {
    Needs.NOBODY: (),
    Needs.USER: (401, 403, 404, 429),
    Needs.APPLICATION: (401, 403, 429),
    Needs.CALLER: (401, 403, 404, 429),
    Needs.AGENT: (401, 403, 429),
    Needs.LINK: (403,),
}
_MEANINGS = {
    202: "It is being made; ask again in a moment",
    400: "The request is wrong, or not possible in this state",
    401: "No credential, or one that is not known",
    403: "The credential has not the right",
    404: "No such thing for this caller",
    409: "It is already there, or in use",
    412: "The protocol is not spoken in this version",
    413: "Larger than is taken",
    415: "A body of this media type is not taken",
    416: "No such range",
    422: "The idempotency key came with another request before",
    423: "Another request is at it; try again in a moment",
    424: "The host that serves the file refuses it, or sends something else",
    429: "Too many at once, or too often; try again later",
    460: "What came is not what its checksum says",
    502: "The host that serves the file does not answer, or breaks off; try again in a moment",
    503: "Not now; try again in a moment",
    507: "No room: the platform's disk is full, or your quota is used up",
}
_REPETITION = (
    f"Takes a header `{IDEMPOTENCY_KEY}`: up to {LONGEST_KEY} printable ASCII characters, unique to the request. "
    "The same request with the same key within a day gets the first answer, and nothing is done a second time."
)
_DIGEST = {REPR_DIGEST: "SHA-256 of the whole file, where it is known"}
_NO_STORE = {"Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"}
_ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}


def describe(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The OpenAPI document of ``routes``."""
    routes = sorted(routes, key=lambda route: (route.path, route.method))
    shapes = [shape for route in routes for shape in _shapes(route)]
    shapes = list(dict.fromkeys([*shapes, ErrorResponse, QueryDocument]))
    references, components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    schemas = dict(zip(shapes, references, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Voxel51 platform", "version": version, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": f"/{API_VERSION}"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SCHEMES},
    }


def pages(document: Mapping[str, Any]) -> list[StarletteRoute]:
    """Routes of the document and of its human page."""
    encoded = msgspec.json.encode(document)

    async def serve_document(_request: Request) -> Response:
        return Response(encoded, media_type="application/json")

    async def serve_page(_request: Request) -> Response:
        return HTMLResponse(_PAGE, headers=_NO_STORE)

    async def serve_asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name == "start.js":
            return Response(_START, media_type="text/javascript", headers=_NO_STORE)
        if name not in _ASSETS:
            return error_response(404, f"There is nothing at {request.url.path}")
        return Response((_assets() / name).read_bytes(), media_type=_ASSETS[name], headers=_NO_STORE)

    return [
        StarletteRoute("/openapi.json", serve_document),
        StarletteRoute(PAGE_PATH, serve_page),
        StarletteRoute(f"{PAGE_PATH}/{{name}}", serve_asset),
    ]


def _assets() -> Traversable:
    return files("swagger_ui") / "static"


def _shapes(route: Route) -> list[Any]:
    shapes = [] if route.answers in {None, Bytes, EventStream} else [route.answers]
    shapes += route.more_answers.values()
    return [*shapes, route.body.shape] if isinstance(route.body, JsonBody) else shapes


def _operation(route: Route, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": _operation_id(route),
        "tags": [route.path.split("/")[1]],
        "parameters": [*_path_parameters(route), *_query_parameters(route.body), *_more_parameters(route)],
        "responses": _responses(route, schemas),
        "security": _security(route),
    }
    if is_remembered(route):
        operation["description"] = _REPETITION
    request_body = _request_body(route.body, schemas)
    if request_body is not None:
        operation["requestBody"] = request_body
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Every way in, with what the credential must be good for."""
    scopes = {name: [route.needed_scope.value] if name in _SCOPED else [] for name in _SCHEMES}
    return [{name: scopes[name] for name in together} for together in _SECURITY[route.needs]]


def _operation_id(route: Route) -> str:
    return "_".join([route.method.lower(), *re.findall(r"[\w-]+", route.path)]).replace("-", "_")


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(body: Body) -> list[dict[str, Any]]:
    if not isinstance(body, QueryBody):
        return []
    texts = {
        "fields": (_fields_line(body.listing), "^[^,]*(,[^,]*)*$"),
        "search": ("search terms, joined by commas; all must match", _search_pattern(body.listing)),
        "sort": ("<field>:asc or <field>:desc", f"^(({'|'.join(body.listing.columns)})(:(asc|desc))?)?$"),
    }
    numbers = {"offset": "records to skip", "limit": "records to return at most; 0: all"}
    return [
        *(
            {"name": name, "in": "query", "description": line, "schema": {"type": "string", "pattern": pattern}}
            for name, (line, pattern) in texts.items()
        ),
        *(
            {"name": n, "in": "query", "description": d, "schema": {"type": "integer", "minimum": 0, "maximum": MOST}}
            for n, d in numbers.items()
        ),
        {"name": "all_versions", "in": "query", "description": "old versions too", "schema": {"type": "boolean"}},
    ]


def _fields_line(listing: Listing) -> str:
    line = "fields to return, joined by commas"
    return f"{line}; by name alone: {', '.join(listing.further)}" if listing.further else line


def _search_pattern(listing: Listing) -> str:
    """Terms with no field, with a field of text, or with a flag and truths; see `voxel51.wire.query`."""
    escaped = r"\\[^\n]"
    anything = rf"(({'|'.join(sorted(listing.texts))}):)?([^,:\\]|{escaped})*"
    if not listing.flags:
        return f"^({anything})(,({anything}))*$"
    truth = r"([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[01])"
    flag = rf"({'|'.join(sorted(listing.flags))}):{truth}(\|{truth})*"
    return f"^({anything}|{flag})(,({anything}|{flag}))*$"


def _more_parameters(route: Route) -> list[dict[str, Any]]:
    arguments = [
        {"name": name, "in": "query", "description": argument.description, "schema": argument.schema}
        for name, argument in route.takes_arguments.items()
    ]
    return arguments + [
        {
            "name": name,
            "in": "header",
            "description": header.description,
            "schema": {"type": "string", **({"pattern": header.pattern} if header.pattern else {})},
        }
        for name, header in route.takes_headers.items()
    ]


def _request_body(body: Body, schemas: Mapping[Any, Any]) -> dict[str, Any] | None:
    if isinstance(body, JsonBody):
        content = {"application/json": {"schema": schemas[body.shape]}}
        if body.form:
            content["application/x-www-form-urlencoded"] = {"schema": schemas[body.shape]}
        return {"required": True, "content": content}
    if isinstance(body, MultipartBody):
        properties: dict[str, Any] = {"file": {"type": "string", "contentMediaType": "application/octet-stream"}}
        for name, text in body.fields.items():
            properties[name] = {"type": "string", "description": text.description, **text.schema}
        required = ["file", *(name for name, text in body.fields.items() if text.required)]
        schema = {"type": "object", "properties": properties, "required": required}
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    if isinstance(body, RawBody | StreamBody):
        return {"content": {body.media_type: {"schema": {"type": "string", "format": "binary"}}}}
    return None


def _responses(route: Route, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done" if route.status < 300 else "Go on there"}
    if route.answers is Bytes:
        success = {"description": "The file", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
    elif route.answers is EventStream:
        success = {"description": "The events", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
    elif route.answers is not None:
        success = {"description": "Done", "content": {"application/json": {"schema": schemas[route.answers]}}}
    told = {**route.answer_headers, **(_DIGEST if route.answers is Bytes else {})}
    if told:
        success["headers"] = {name: {"description": d, "schema": {"type": "string"}} for name, d in told.items()}
    statuses = {*_REFUSALS[route.needs], *route.errors, *_body_errors(route.body)}
    if route.takes_arguments:
        statuses.add(400)
    if is_remembered(route):
        statuses |= {400, 409, 422}
    error = {"application/json": {"schema": schemas[ErrorResponse]}} if route.method != "HEAD" else {}
    answers: dict[str, Any] = {str(route.status): success}
    for status, shape in route.more_answers.items():
        content = {"application/json": {"schema": schemas[shape]}}
        answers[str(status)] = {"description": _MEANINGS[status], "content": content}
    if route.answers is Bytes:
        answers["206"] = {**success, "description": "The part of the file that was asked for"}
        statuses.add(416)
    answers.update({str(status): {"description": _MEANINGS[status], "content": error} for status in sorted(statuses)})
    return answers


def _body_errors(body: Body) -> tuple[int, ...]:
    if isinstance(body, NoBody):
        return ()
    return (400, 413, 507) if isinstance(body, MultipartBody | RawBody | StreamBody) else (400, 413)


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
