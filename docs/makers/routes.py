"""The page of all HTTP routes, from the same description that a running platform gives of itself."""

import tempfile
from collections.abc import Mapping
from typing import Any

from voxel51.server.app import Addresses, build_platform
from voxel51.server.settings import Settings

_INTRODUCTION = """# HTTP routes

A running platform describes them for programs at `/openapi.json`, and to be tried at `/docs/api`.
"""


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    lines = [_INTRODUCTION]
    for path, operations in _description()["paths"].items():
        for method, operation in operations.items():
            lines += _operation(method.upper(), f"/v1{path}", operation)
    return {"http.md": "\n".join(lines)}


def _description() -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        platform = build_platform(Settings(dir=folder), Addresses("http://127.0.0.1:5151", "http://127.0.0.1:5151"))
        platform.database.close()
        return platform.description


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> list[str]:
    lines = [f"## {method} {path}", "", f"{operation['summary']}.", ""]
    lines += [
        f"- `{each['name']}` ({each['in']}): {_plain(each.get('description', 'as in the path'))}"
        for each in operation["parameters"]
    ]
    answers = [f"{status} ({_plain(answer['description'])})" for status, answer in operation["responses"].items()]
    return [*lines, "", f"Answers: {', '.join(answers)}.", ""]


def _plain(text: str) -> str:
    return text.replace("<", r"\<").replace("*", r"\*")
