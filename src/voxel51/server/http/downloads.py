"""Downloads: send a stored file in chunks, whole or a byte range of it, from any storage."""

import logging
import re
from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote

from anyio import to_thread
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from voxel51.server.downloads import ByteReader, Download
from voxel51.server.errors import ServiceError
from voxel51.server.http.errors import error_response
from voxel51.server.storage.direct import LEAST_DOWNLOAD_BYTES, DownloadHeaders
from voxel51.server.storage.integrity import intact_size_bytes, lost
from voxel51.server.storage.storage import Storage
from voxel51.wire import digests, direct

log = logging.getLogger(__name__)

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
"""Longer numbers exceed any file, and the digits that Python converts; such a header is ignored as malformed."""


def download_response(download: Download, storage: Storage, request: Request) -> Response:
    """Return the response that sends a stored file. Supports a single range, ``If-Range`` with an ETag, and HEAD.

    Raises:
        Lost: the file is missing, or has another size than recorded.
    """
    files = download.files or storage
    try:
        size_bytes = intact_size_bytes(download, files)
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": f'"{download.key.rpartition("/")[2]}"',
            "Content-Disposition": content_disposition(download.filename),
            "Cache-Control": "private, no-transform",
            "X-Content-Type-Options": "nosniff",
        }
        if download.sha256 is not None:
            headers[digests.REPR_DIGEST] = digests.to_header(download.sha256)
        byte_range = _requested_range(request, size_bytes, headers["ETag"])
        if byte_range is None:
            return error_response(
                416,
                f"The range is outside the file, which has {size_bytes} bytes",
                {"Content-Range": f"bytes */{size_bytes}"},
            )
        start, stop = byte_range
        headers["Content-Length"] = str(stop - start)
        status = 200
        if (start, stop) != (0, size_bytes):
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size_bytes}"
            status = 206
        media_type = download.media_type or "application/octet-stream"
        is_direct = download.files is None and size_bytes >= LEAST_DOWNLOAD_BYTES and _asks_for_link(request)
        if is_direct and storage.direct is not None:
            link = storage.direct.download_url(
                download.key, DownloadHeaders(headers["Content-Disposition"], media_type)
            )
            return _redirect(link, headers)
        if request.method == "HEAD":
            return Response(None, status, headers, media_type)
        reader = files.read(download.key, start, stop - start)
    except FileNotFoundError:
        raise lost(download, "is missing") from None
    return InterruptibleResponse(_chunks(reader), status, headers, media_type, BackgroundTask(reader.close))


def _asks_for_link(request: Request) -> bool:
    """Return whether the client announces that it can get the file from the store."""
    asked = {request.headers.get(direct.HEADER), request.query_params.get(direct.PARAMETER)}
    return request.method == "GET" and direct.ANNOUNCED in asked


def _redirect(url: str, headers: Mapping[str, str]) -> Response:
    """Return the redirect to the store. It is never kept: the link expires."""
    kept = {name: headers[name] for name in ("ETag", digests.REPR_DIGEST) if name in headers}
    return Response(
        None, direct.REDIRECT, {**kept, "Location": url, "Cache-Control": "no-store", direct.HEADER: direct.ANNOUNCED}
    )


async def _chunks(reader: ByteReader) -> AsyncIterator[bytes]:
    try:
        while chunk := await to_thread.run_sync(next, reader, b""):
            yield chunk
    finally:
        reader.close()


class InterruptibleResponse(StreamingResponse):
    """A body that stays short of its ``Content-Length`` when its source fails.

    The server then closes the connection, which tells the reader that the file is incomplete.
    """

    async def stream_response(self, send: Send) -> None:
        """Send the body, as far as it comes."""
        try:
            await super().stream_response(send)
        except ServiceError as error:
            log.warning("download broken off: %s", error)


def content_disposition(filename: str) -> str:
    """Return the header that names a download.

    Old clients take what follows ``filename=`` up to the next ``;`` and strip quotes, so that part is limited to
    plain ASCII characters. The exact name follows in the form that current clients prefer (RFC 6266).
    """
    plain = re.sub(r'[^\x20-\x7e]|[";\\%]', "_", filename) or "file"
    exact = f'attachment; filename="{plain}"'
    return exact if plain == filename else f"{exact}; filename*=UTF-8''{quote(filename, safe='')}"


def _requested_range(request: Request, size_bytes: int, tag: str) -> tuple[int, int] | None:
    """Return the first byte and the one after the last; None when the range cannot be satisfied.

    A malformed header, several ranges, and a changed file (``If-Range``) all yield the whole file (RFC 9110).
    """
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    if found is None or found[0] == "bytes=-" or request.headers.get("if-range", tag) != tag:
        return 0, size_bytes
    first, last = found[1], found[2]
    if not first:
        start, stop = max(size_bytes - int(last), 0), size_bytes
    else:
        start, stop = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    return (start, stop) if start < stop else None
