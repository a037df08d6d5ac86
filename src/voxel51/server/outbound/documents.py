"""Small JSON documents of other hosts: read, or asked for by a form."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from voxel51.server.errors import SourceRefused
from voxel51.server.outbound.fetch import Incoming, checked
from voxel51.server.outbound.guard import Guard
from voxel51.server.outbound.line import Patience

_LONGEST_BYTES = 1024 * 1024
_PATIENCE = Patience(connect_seconds=5, answer_seconds=10, stall_seconds=10)


def ask(
    guard: Guard, url: str, headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, Any]]:
    """The status and the JSON object that ``url`` answers: to a GET, or to a POST of ``form``. Redirects are refused.

    Raises:
        SourceAway: the host cannot be reached, is too slow, or breaks off.
        SourceRefused: the URL leads where the platform does not go, or the answer is no JSON object of 1 MiB at most.
    """
    said = {"Accept": "application/json", **(headers or {})}
    body = b""
    if form is not None:
        said["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(form).encode("ascii")
    target = checked(guard, url)
    with Incoming(target, _PATIENCE, "GET" if form is None else "POST", said, body) as incoming:
        content = bytearray()
        for chunk in incoming.chunks():
            content += chunk
            if len(content) > _LONGEST_BYTES:
                raise SourceRefused(f"{target.host} answers more than {_LONGEST_BYTES} bytes")
        return incoming.status, _object(target.host, incoming.status, bytes(content))


def _object(host: str, status: int, content: bytes) -> Mapping[str, Any]:
    try:
        document: Mapping[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SourceRefused(f"{host} answers with status {status} and what is no JSON object") from None
    return document
