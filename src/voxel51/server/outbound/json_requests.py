"""JSON requests to other hosts: read a small JSON object, by GET or by POST of a form."""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from voxel51.server.errors import SourceRefused
from voxel51.server.outbound.connection import OutboundTimeouts
from voxel51.server.outbound.fetch import OutboundResponse, check_url
from voxel51.server.outbound.guard import Guard

_MAX_BYTES = 1024 * 1024
_TIMEOUTS = OutboundTimeouts(connect_seconds=5, response_seconds=10, stall_seconds=10)


def request_json(
    guard: Guard, url: str, headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, object]]:
    """Return the status and the JSON object of the response to a GET, or to a POST of ``form``.

    Redirects are not followed: their status is returned, or `SourceRefused` raised where their body is not JSON.

    Raises:
        SourceAway: the host cannot be reached, is too slow, or closes the connection early.
        SourceRefused: the guard rejects the URL, or the response is not a JSON object of at most 1 MiB.
    """
    all_headers = {"Accept": "application/json", **(headers or {})}
    body = b""
    if form is not None:
        all_headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(form).encode("ascii")
    target = check_url(guard, url)
    with OutboundResponse(target, _TIMEOUTS, "GET" if form is None else "POST", all_headers, body) as response:
        content = bytearray()
        for chunk in response.chunks():
            content += chunk
            if len(content) > _MAX_BYTES:
                raise SourceRefused(f"{target.host} sent more than {_MAX_BYTES} bytes")
        return response.status, _decode_object(target.host, response.status, bytes(content))


def _decode_object(host: str, status: int, content: bytes) -> Mapping[str, object]:
    try:
        return msgspec.json.decode(content, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SourceRefused(f"{host} responded with status {status} and a body that is not a JSON object") from None
