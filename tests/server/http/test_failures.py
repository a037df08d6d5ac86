"""What nobody foresaw: the caller is told an id, and the log has the cause under it."""

import asyncio
import json
from typing import Any, cast

import pytest
from starlette.requests import Request
from starlette.routing import Route

from voxel51.server.http.application import build_application
from voxel51.server.http.endpoint import Serving


async def fail(_request: Request) -> None:
    raise ZeroDivisionError("nobody foresaw this")


def failed(path: str) -> tuple[dict[str, str], Any]:
    """Headers and body of the answer of a page that fails."""
    application = build_application([], cast("Serving", None), [Route("/v1/shared/{key}", fail)])
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "server": ("here", 80)}
    with pytest.raises(ZeroDivisionError):  # it is raised on, for whoever runs the application
        asyncio.run(cast("Any", application)(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return headers, json.loads(sent[1]["body"])


def test_a_failure_is_logged_under_the_id_that_its_caller_is_told(caplog: pytest.LogCaptureFixture) -> None:
    headers, body = failed("/v1/shared/share_very-secret")

    assert body["error"]["code"] == 500
    assert f"GET /v1/shared/… failed, request {headers['x-request-id']}" in caplog.text
    assert "nobody foresaw this" in caplog.text
    assert "very-secret" not in caplog.text
