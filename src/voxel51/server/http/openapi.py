"""OpenAPI: describe all routes as an OpenAPI 3.1 document."""

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from voxel51.server.database.search import Listing
from voxel51.server.http.bodies import JsonBody, MultipartBody, NoBody, QueryBody, RawBody, StreamBody
from voxel51.server.http.event_streams import MEDIA_TYPE
from voxel51.server.http.idempotency import MAX_KEY_LENGTH
from voxel51.server.http.query import MAX_NUMBER
from voxel51.server.http.replies import EventStream, FileReply
from voxel51.server.http.route import Route
from voxel51.wire.digests import REPR_DIGEST
from voxel51.wire.errors import ErrorResponse
from voxel51.wire.headers import AGENT_KEY, APPLICATION_KEY, APPLICATION_USER, IDEMPOTENCY_KEY, SESSION_COOKIE
from voxel51.wire.query import QueryDocument
from voxel51.wire.tokens import API_VERSION

Document = dict[str, object]
"""A JSON object."""

_SECURITY_SCHEMES: Mapping[str, Document] = {
    "user": {"type": "http", "scheme": "bearer", "description": "A user's API token"},
    # The name of the cookie follows from the platform's address: see `describe`.
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE, "description": "A browser's session"},
    "application": {"type": "apiKey", "in": "header", "name": APPLICATION_KEY, "description": "An application's token"},
    "active_user": {
        "type": "apiKey",
        "in": "header",
        "name": APPLICATION_USER,
        "description": "The application's user on whose behalf it acts",
    },
    "agent": {"type": "apiKey", "in": "header", "name": AGENT_KEY, "description": "The credential of a running job"},
    "link": {"type": "apiKey", "in": "query", "name": "signature", "description": "The signature in a signed link"},
}
_SCOPED_SCHEMES = {"user", "session", "application"}
_STATUS_DESCRIPTIONS = {
    200: "It exists already",
    202: "The file is being made; ask again in a moment",
    400: "The request is invalid, or not possible in this state",
    401: "The credential is missing or unknown",
    403: "The credential does not permit this",
    404: "Not found among what this caller may see",
    409: "It exists already, or is in use",
    410: "The stored file is missing or damaged",
    412: "This version of the protocol is not supported",
    413: "The body is too large",
    415: "This media type is not supported",
    416: "The range is outside the file",
    422: "The idempotency key was sent with another request before",
    423: "Another request is using it; try again in a moment",
    424: "The host that serves the file refuses to, or sends something else",
    429: "Too many requests; try again later",
    460: "The content does not match its checksum",
    502: "The host that serves the file does not answer, or breaks off; try again in a moment",
    503: "Not available now, for example because the database does not answer; try again after Retry-After",
    507: "The platform's disk is full, or your storage quota is exceeded",
}
_IDEMPOTENCY = (
    f"Accepts the header `{IDEMPOTENCY_KEY}`: up to {MAX_KEY_LENGTH} printable ASCII characters, unique to the "
    "request. "
    "The same request with the same key within a day gets the first answer and has no second effect."
)
_FILE_HEADERS = {REPR_DIGEST: "SHA-256 of the whole file, where it is known"}


def describe(routes: Iterable[Route], version: str, session_cookie: str) -> Document:
    """Return the OpenAPI document of ``routes``; ``session_cookie`` is the name of the cookie of sessions."""
    schemes = {**_SECURITY_SCHEMES, "session": {**_SECURITY_SCHEMES["session"], "name": session_cookie}}
    ordered = sorted(routes, key=lambda route: (route.path, route.method))
    shapes = list(
        dict.fromkeys([*(shape for route in ordered for shape in _shapes(route)), ErrorResponse, QueryDocument])
    )
    references, components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    schemas = dict(zip(shapes, references, strict=True))
    paths: dict[str, Document] = {}
    for route in ordered:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Voxel51 platform", "version": version, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": f"/{API_VERSION}"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": schemes},
    }


Schemas = Mapping[object, Mapping[str, object]]
"""Shape -> its JSON Schema, or a reference to it."""


def _shapes(route: Route) -> Iterator[object]:
    if route.answers not in {None, FileReply, EventStream}:
        yield route.answers
    yield from route.more_answers.values()
    if isinstance(route.body, JsonBody):
        yield route.body.described_shape


_CURSOR = {"type": "string", "pattern": "^[A-Za-z0-9_-]*$"}


def _operation(route: Route, schemas: Schemas) -> Document:
    operation: Document = {
        "summary": route.summary,
        "operationId": _operation_id(route),
        "tags": [route.path.split("/")[1]],
        "parameters": [*_path_parameters(route), *_listing_parameters(route), *_declared_parameters(route)],
        "responses": _responses(route, schemas),
        "security": _security(route),
    }
    if route.takes_idempotency_key:
        operation["description"] = _IDEMPOTENCY
    request_body = _request_body(route, schemas)
    if request_body is not None:
        operation["requestBody"] = request_body
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Return every alternative of credentials, with the scopes that each must include."""
    required = [scope.value for scope in route.required_scopes]
    scopes = {name: required if name in _SCOPED_SCHEMES else [] for name in _SECURITY_SCHEMES}
    return [{name: scopes[name] for name in together} for together in route.policy.access.credentials]


def _operation_id(route: Route) -> str:
    return "_".join([route.method.lower(), *re.findall(r"[\w-]+", route.path)]).replace("-", "_")


def _path_parameters(route: Route) -> list[Document]:
    names = re.findall(r"{(\w+)}", route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _listing_parameters(route: Route) -> Iterator[Document]:
    """Yield the parameters of a `QueryBody`. They may come in a JSON body instead, which no schema says."""
    if not isinstance(route.body, QueryBody):
        return
    listing = route.body.listing
    texts = {
        "fields": (_fields_description(listing), "^[^,]*(,[^,]*)*$"),
        "search": ("search terms, separated by commas; all must match", _search_pattern(listing)),
        "sort": ("<field>:asc or <field>:desc", f"^(({'|'.join(listing.columns)})(:(asc|desc))?)?$"),
    }
    for name, (description, pattern) in texts.items():
        yield _query_parameter(name, description, {"type": "string", "pattern": pattern})
    numbers = {"offset": "records to skip", "limit": "maximum number of records; 0: all"}
    for name, description in numbers.items():
        yield _query_parameter(name, description, {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER})
    yield _query_parameter("all_versions", "include old versions", {"type": "boolean"})
    yield _query_parameter("cursor", "next_cursor of the page before, instead of an offset", _CURSOR)


def _query_parameter(name: str, description: str, schema: Mapping[str, object]) -> Document:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _fields_description(listing: Listing) -> str:
    line = "fields to return, separated by commas"
    on_request = [*(name for name in listing.columns if name in listing.on_request), *listing.further]
    return f"{line}; only on request: {', '.join(on_request)}" if on_request else line


def _search_pattern(listing: Listing) -> str:
    """Return a pattern of search terms (`voxel51.wire.query`): a text, with or without a field, or a flag's values."""
    escaped = r"\\[^\n]"
    text = rf"(({'|'.join(sorted(listing.texts | listing.named_texts))}):)?([^,:\\]|{escaped})*"
    kinds = [text]
    if listing.flags:
        truth = r"([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[01])"
        kinds.append(rf"({'|'.join(sorted(listing.flags))}):{truth}(\|{truth})*")
    if listing.numbers:
        number = r"[0-9]{1,9}(\.[0-9]{1,9})?"
        compared = rf"(([<>]=?|=)?{number}|{number}\.\.{number})"
        kinds.append(rf"({'|'.join(sorted(listing.numbers))}):{compared}(\|{compared})*")
    if listing.relations:
        kinds.append(rf"({'|'.join(sorted(listing.relations))}):([^,:\\]|{escaped})*")
    term = "|".join(kinds)
    return f"^({term})(,({term}))*$"


def _declared_parameters(route: Route) -> Iterator[Document]:
    for name, parameter in route.parameters.items():
        yield _query_parameter(name, parameter.description, parameter.schema)
    for name, header in route.headers.request.items():
        schema = {"type": "string", **({"pattern": header.pattern} if header.pattern else {})}
        yield {"name": name, "in": "header", "description": header.description, "schema": schema}


def _request_body(route: Route, schemas: Schemas) -> Document | None:
    body = route.body
    if isinstance(body, JsonBody):
        content = {"application/json": {"schema": schemas[body.described_shape]}}
        if body.form:
            content["application/x-www-form-urlencoded"] = {"schema": schemas[body.described_shape]}
        return {"required": True, "content": content}
    if isinstance(body, MultipartBody):
        properties: Document = {body.part: {"type": "string", "contentMediaType": "application/octet-stream"}}
        for name, field in body.fields.items():
            properties[name] = {"type": "string", "description": field.description, **field.schema}
        required = [body.part, *(name for name, field in body.fields.items() if field.required)]
        schema = {"type": "object", "properties": properties, "required": required}
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    if isinstance(body, RawBody | StreamBody):
        return {"content": {body.media_type: {"schema": {"type": "string", "format": "binary"}}}}
    return None


def _responses(route: Route, schemas: Schemas) -> Document:
    success = _success(route, schemas)
    responses: Document = {str(route.status): success}
    for status, shape in route.more_answers.items():
        responses[str(status)] = _json_response(_STATUS_DESCRIPTIONS[status], schemas[shape])
    if route.answers is FileReply:
        responses["206"] = {**success, "description": "The requested range of the file"}
    for status in sorted(_error_statuses(route)):
        error = _json_response(_STATUS_DESCRIPTIONS[status], schemas[ErrorResponse])
        responses[str(status)] = error if route.method != "HEAD" else {**error, "content": {}}
    return responses


def _success(route: Route, schemas: Schemas) -> Document:
    if route.answers is FileReply:
        content = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
        success: Document = {"description": "The file", "content": content}
    elif route.answers is EventStream:
        success = {"description": "The events", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
    elif route.answers is not None:
        success = _json_response("Success", schemas[route.answers])
    else:
        success = {"description": "Success" if route.status < 300 else "Redirect"}
    headers = {**route.headers.response, **(_FILE_HEADERS if route.answers is FileReply else {})}
    if headers:
        success["headers"] = {name: {"description": d, "schema": {"type": "string"}} for name, d in headers.items()}
    return success


def _json_response(description: str, schema: Mapping[str, object]) -> Document:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _error_statuses(route: Route) -> set[int]:
    """Return the statuses that the route declares, and those that follow from its other fields."""
    statuses = {503, *route.policy.access.errors, *route.errors}
    if route.counts_refusals or route.compute is not None:
        statuses.add(429)
    if not isinstance(route.body, NoBody):
        statuses |= {400, 413}
    if isinstance(route.body, MultipartBody | RawBody | StreamBody):
        statuses.add(507)
    if route.parameters:
        statuses.add(400)
    if route.takes_idempotency_key:
        statuses |= {400, 409, 422}
    if route.answers is FileReply:
        statuses |= {410, 416}
    return statuses
