"""Reference pages of the HTTP API, generated from the platform's OpenAPI description."""

import logging
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from generators.markdown import code, plain, sentence, table, toctree
from generators.shapes import fields, name_of, section, type_of
from voxel51.server.addresses import Addresses
from voxel51.server.app import build_platform
from voxel51.server.settings import Settings
from voxel51.wire.headers import APPLICATION_KEY, APPLICATION_USER

_SHAPES = "shapes.md"
_TITLES = {
    "account": "Your account", "admin": "Administration", "analytics": "Analytics", "apps": "Applications",
    "data": "Data", "events": "Events", "jobs": "Jobs", "labels": "Label search",
    "links": "Signed links", "shared": "Shared results", "sign-in": "Sign-in and sign-up",
    "status": "Status", "webhooks": "Webhooks",
}  # fmt: skip
_SAME_PAGE = {"sign-up": "sign-in", "sign-out": "sign-in", "password-resets": "sign-in"}
_CREDENTIALS = {
    "user": "a user's token",
    "session": "a browser session",
    "application": "an application's token",
    "application active_user": "an application's token with an active user",
    "agent": "the credential of the job's current attempt",
    "link": "a signature in the query",
}
_INTRODUCTION = f"""# HTTP API

A running platform serves its OpenAPI description at `/openapi.json` and an interactive reference at `/docs/api`. Paths
start with the API version, `/v1`. Request and response bodies are JSON unless stated otherwise; see their
[shapes](http/shapes.md).

Send a user's token as `Authorization: Bearer <token>`, an application's token as `{APPLICATION_KEY}`, and the
application's active user as `{APPLICATION_USER}`. Responses with a status of 400 or above have the body
[ErrorResponse](http/shapes.md#errorresponse), except responses to `HEAD`.
"""


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    description = _description()
    by_tag: dict[str, list[str]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            tag = _SAME_PAGE.get(operation["tags"][0], operation["tags"][0])
            by_tag.setdefault(tag, [f"# {_title(tag)}", ""]).extend(_operation(method.upper(), f"/v1{path}", operation))
    shapes = ["# Shapes", "", "Shapes of request and response bodies, by name.", ""]
    for name, schema in sorted(description["components"]["schemas"].items()):
        shapes += section(name, schema)
    generated = {f"http/{tag}.md": "\n".join(lines) for tag, lines in by_tag.items()}
    return {
        **generated,
        f"http/{_SHAPES}": "\n".join(shapes),
        "http.md": "\n".join(
            [_INTRODUCTION, *toctree(f"http/{each}" for each in [*sorted(by_tag, key=_title), "shapes"])]
        ),
    }


def _title(tag: str) -> str:
    return _TITLES.get(tag, tag.capitalize())


def _description() -> Mapping[str, Any]:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        platform = build_platform(Settings(dir=folder), Addresses("http://127.0.0.1:5151", "http://127.0.0.1:5151"))
        platform.database.close()
        return platform.description


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> list[str]:
    lines = [
        f"## {method} {path}",
        "",
        sentence(operation["summary"]),
        "",
        f"**Authorization:** {_authorization(operation)}.",
        "",
    ]
    if operation.get("description"):
        lines += [operation["description"], ""]
    rows = [
        (code(each["name"]), each["in"], type_of(each["schema"], _SHAPES), _meaning(each))
        for each in operation["parameters"]
    ]
    lines += table(("parameter", "in", "type", "description"), rows)
    lines += _body(operation)
    answers = [
        (status, plain(answer["description"]), _content(answer))
        for status, answer in sorted(operation["responses"].items())
    ]
    return [*lines, *table(("status", "description", "response"), answers)]


def _authorization(operation: Mapping[str, Any]) -> str:
    ways = [_CREDENTIALS[" ".join(way)] for way in operation["security"]]
    scopes = sorted({scope for way in operation["security"] for names in way.values() for scope in names})
    needs = f" with the scope {' and '.join(map(code, scopes))}" if scopes else ""
    return f"{', or '.join(ways)}{needs}" if ways else "none"


def _meaning(parameter: Mapping[str, Any]) -> str:
    return plain(parameter.get("description", "the id or name of the record"))


def _body(operation: Mapping[str, Any]) -> Iterator[str]:
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = content["schema"]
        yield from (f"**Body** ({code(media_type)}): {type_of(schema, _SHAPES)}.", "")
        if "properties" in schema:
            yield from fields(schema, _SHAPES)


def _content(answer: Mapping[str, Any]) -> str:
    found = []
    for media_type, content in answer.get("content", {}).items():
        schema = content["schema"]
        if "$ref" in schema and name_of(schema) == "ErrorResponse":
            continue
        found.append(type_of(schema, _SHAPES) if media_type == "application/json" else f"{code(media_type)}")
    headers = [
        f"header {code(name)}: {plain(header['description'])}" for name, header in answer.get("headers", {}).items()
    ]
    return "; ".join([*found, *headers])
