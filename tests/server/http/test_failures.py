"""Unexpected failures: the response has a request id, under which the log has the cause."""

import asyncio
import json
from typing import Any, cast

import pytest
from starlette.requests import Request
from starlette.routing import Route

from voxel51.server.http.application import build_application
from voxel51.server.http.endpoint import Dependencies
from voxel51.server.logs import TextFormatter


async def fail(_request: Request) -> None:
    raise ZeroDivisionError("an unexpected failure")


def failed(path: str) -> tuple[dict[str, str], Any]:
    """Return the headers and the body of the response of a page that fails."""
    application = build_application([], cast("Dependencies", None), [Route("/v1/shared/{key}", fail)])
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "server": ("here", 80)}
    with pytest.raises(ZeroDivisionError):  # starlette raises it again, for the server to log
        asyncio.run(cast("Any", application)(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return headers, json.loads(sent[1]["body"])


def test_unexpected_failure_is_logged_with_its_request_id_and_no_share_key(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caplog.handler, "formatter", TextFormatter())

    headers, body = failed("/v1/shared/share_very-secret")

    assert body["error"]["code"] == 500
    assert f"[{headers['x-request-id']}] GET /v1/shared/… failed" in caplog.text
    assert "an unexpected failure" in caplog.text
    assert "very-secret" not in caplog.text
