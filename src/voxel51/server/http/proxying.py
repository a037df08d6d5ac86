"""Proxying: pass on a file from another host while it arrives."""

import logging
from collections.abc import AsyncIterator

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from voxel51.server.downloads import ProxiedDownload, RemoteStream
from voxel51.server.errors import ServiceError
from voxel51.server.http.downloads import InterruptibleResponse, content_disposition
from voxel51.server.http.errors import response_to

log = logging.getLogger(__name__)


def proxy_response(download: ProxiedDownload, request: Request, waiting: CapacityLimiter) -> Response:
    """Return the response that passes the file on. HEAD is answered from the record, without asking the other host.

    ``waiting`` bounds the threads that wait for other hosts.
    """
    headers = {
        "Accept-Ranges": "none",
        "Content-Length": str(download.size_bytes),
        "Content-Disposition": content_disposition(download.filename),
        "Cache-Control": "private, no-transform",
    }
    media_type = download.media_type or "application/octet-stream"
    if request.method == "HEAD":
        return Response(None, 200, headers, media_type)
    return ProxyResponse(download, headers, media_type, waiting)


class ProxyResponse(Response):
    """A response that connects to its source only when it is sent, so that no worker waits for the other host."""

    def __init__(
        self, download: ProxiedDownload, headers: dict[str, str], media_type: str, waiting: CapacityLimiter
    ) -> None:
        super().__init__(None, 200, headers, media_type)
        self._download = download
        self._initial_headers = headers
        self._waiting = waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file; an error response if the source cannot be opened."""
        try:
            stream = await to_thread.run_sync(self._download.open, limiter=self._waiting)
        except ServiceError as error:
            await response_to(error, Request(scope))(scope, receive, send)
            return
        try:
            body = InterruptibleResponse(self._chunks(stream), 200, self._initial_headers, self.media_type)
            await body(scope, receive, send)
        finally:
            stream.close()

    async def _chunks(self, stream: RemoteStream) -> AsyncIterator[bytes]:
        chunks = stream.chunks()
        while chunk := await to_thread.run_sync(next, chunks, b"", limiter=self._waiting):
            yield chunk
