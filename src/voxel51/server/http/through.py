"""Passing on what another host sends, while it arrives."""

import logging
from collections.abc import AsyncIterator

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from voxel51.server.downloads import ProxiedDownload, RemoteStream
from voxel51.server.errors import ServiceError
from voxel51.server.http.downloads import content_disposition
from voxel51.server.http.errors import response_to

log = logging.getLogger(__name__)


def through_response(through: ProxiedDownload, request: Request, waiting: CapacityLimiter) -> Response:
    """The answer that passes a file on; to HEAD it says what it knows without asking elsewhere.

    ``waiting`` bounds how many threads wait for other hosts.
    """
    headers = {
        "Accept-Ranges": "none",
        "Content-Length": str(through.size_bytes),
        "Content-Disposition": content_disposition(through.filename),
        "Cache-Control": "private, no-transform",
    }
    media_type = through.media_type or "application/octet-stream"
    if request.method == "HEAD":
        return Response(None, 200, headers, media_type)
    return _Passing(through, headers, media_type, waiting)


class _Passing(Response):
    """Opens the source only once the answer is sent, so that no worker waits for somebody else's host."""

    def __init__(
        self, through: ProxiedDownload, headers: dict[str, str], media_type: str, waiting: CapacityLimiter
    ) -> None:
        super().__init__(None, 200, headers, media_type)
        self._through = through
        self._said = headers
        self._waiting = waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            arriving = await to_thread.run_sync(self._through.open, limiter=self._waiting)
        except ServiceError as error:
            await response_to(error, Request(scope))(scope, receive, send)
            return
        try:
            body = _BreakableBody(self._chunks(arriving), 200, self._said, self.media_type)
            await body(scope, receive, send)
        finally:
            arriving.close()

    async def _chunks(self, arriving: RemoteStream) -> AsyncIterator[bytes]:
        chunks = arriving.chunks()
        while chunk := await to_thread.run_sync(next, chunks, b"", limiter=self._waiting):
            yield chunk


class _BreakableBody(StreamingResponse):
    """A body whose end is left out where its source breaks off: the connection is closed, and its reader can tell."""

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        except ServiceError as error:
            log.warning("an answer was broken off: %s", error)
