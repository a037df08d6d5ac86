"""Requests to a platform in this process: no socket, so that a test can watch what the platform does for each."""

import asyncio
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp

HOST = "127.0.0.1:5151"


def ask(
    application: ASGIApp, method: str, path: str, headers: Mapping[str, str], query: Mapping[str, object] | None = None
) -> int:
    """Send a request without a body, and return the status of the response once it is complete."""
    statuses: list[int] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": urlencode(query or {}).encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in {"host": HOST, **headers}.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 5151),
    }

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    asyncio.run(application(scope, receive, send))  # type: ignore[arg-type]  # an ASGIApp returns a coroutine
    return statuses[0]
