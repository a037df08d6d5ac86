"""The pages of all HTTP routes, from the same description that a running platform gives of itself."""

import logging
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from makers.markdown import code, plain, sentence, table, toctree
from makers.shapes import fields, name_of, section, type_of
from voxel51.server.app import Addresses, build_platform
from voxel51.server.settings import Settings
from voxel51.wire.headers import APPLICATION_KEY, APPLICATION_USER

_SHAPES = "shapes.md"
_TITLES = {
    "account": "Your account", "admin": "Administration", "analytics": "Analytics", "apps": "Applications",
    "data": "Data", "events": "Events", "jobs": "Jobs", "labels": "Search over labels",
    "links": "Links that carry their permission", "shared": "Shared results", "sign-in": "Signing in and up",
    "status": "Status", "webhooks": "Webhooks",
}  # fmt: skip
_SAME_PAGE = {"sign-up": "sign-in", "sign-out": "sign-in", "password-resets": "sign-in"}
_WAYS = {
    "user": "a user's token",
    "session": "a session of a browser",
    "application": "an application's token",
    "application active_user": "an application's token, for the user that it names",
    "agent": "the credential of an attempt at the job",
    "link": "the signature in the link",
}
_INTRODUCTION = f"""# HTTP routes

A running platform describes them for programs at `/openapi.json`, and to be tried at `/docs/api`. Paths are below the
version, `/v1`. Bodies and answers are JSON unless said otherwise; the [shapes](http/shapes.md) have a table each.

A token is sent as `Authorization: Bearer <token>`, an application's as `{APPLICATION_KEY}`, and the user that it
acts for as `{APPLICATION_USER}`. Every answer with a status of 400 or above is an
[ErrorResponse](http/shapes.md#errorresponse), but for those to `HEAD`.
"""


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    description = _description()
    by_tag: dict[str, list[str]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            tag = _SAME_PAGE.get(operation["tags"][0], operation["tags"][0])
            by_tag.setdefault(tag, [f"# {_title(tag)}", ""]).extend(_operation(method.upper(), f"/v1{path}", operation))
    shapes = ["# Shapes", "", "What goes over HTTP in bodies and answers, by name.", ""]
    for name, schema in sorted(description["components"]["schemas"].items()):
        shapes += section(name, schema)
    made = {f"http/{tag}.md": "\n".join(lines) for tag, lines in by_tag.items()}
    return {
        **made,
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
    lines = [f"## {method} {path}", "", sentence(operation["summary"]), "", f"**Who may:** {_who(operation)}.", ""]
    if operation.get("description"):
        lines += [operation["description"], ""]
    rows = [
        (code(each["name"]), each["in"], type_of(each["schema"], _SHAPES), _meaning(each))
        for each in operation["parameters"]
    ]
    lines += table(("parameter", "in", "type", "meaning"), rows)
    lines += _body(operation)
    answers = [
        (status, plain(answer["description"]), _content(answer))
        for status, answer in sorted(operation["responses"].items())
    ]
    return [*lines, *table(("status", "meaning", "answer"), answers)]


def _who(operation: Mapping[str, Any]) -> str:
    ways = [_WAYS[" ".join(way)] for way in operation["security"]]
    scopes = sorted({scope for way in operation["security"] for names in way.values() for scope in names})
    needs = f"; it must be good for {' and '.join(map(code, scopes))}" if scopes else ""
    return f"{', or '.join(ways)}{needs}" if ways else "anybody"


def _meaning(parameter: Mapping[str, Any]) -> str:
    return plain(parameter.get("description", "the one that is meant"))


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
    told = [
        f"header {code(name)}: {plain(header['description'])}" for name, header in answer.get("headers", {}).items()
    ]
    return "; ".join([*found, *told])
