"""Downloads: send a stored file in chunks, whole or a byte range of it, from any storage."""

import re
from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote

from anyio import to_thread
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from voxel51.server.downloads import Download
from voxel51.server.http.errors import error_response
from voxel51.server.storage.direct import LEAST_DOWNLOAD_BYTES, DownloadHeaders
from voxel51.server.storage.integrity import intact_size_bytes, lost
from voxel51.server.storage.storage import Reader, Storage
from voxel51.wire import digests, direct

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
"""Longer numbers exceed any file, and the digits that Python converts; such a header is ignored as malformed."""


def download_response(download: Download, storage: Storage, request: Request) -> Response:
    """Return the response that sends a stored file. Supports a single range, ``If-Range`` with an ETag, and HEAD.

    Raises:
        Lost: the file is missing, or has another size than recorded.
    """
    try:
        size_bytes = intact_size_bytes(download, storage)
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
        if size_bytes >= LEAST_DOWNLOAD_BYTES and storage.direct is not None and _asks_for_link(request):
            link = storage.direct.download_url(
                download.key, DownloadHeaders(headers["Content-Disposition"], media_type)
            )
            return _redirect(link, headers)
        if request.method == "HEAD":
            return Response(None, status, headers, media_type)
        reader = storage.read(download.key, start, stop - start)
    except FileNotFoundError:
        raise lost(download, "is missing") from None
    return StreamingResponse(_chunks(reader), status, headers, media_type, BackgroundTask(reader.close))


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


async def _chunks(reader: Reader) -> AsyncIterator[bytes]:
    try:
        while chunk := await to_thread.run_sync(next, reader, b""):
            yield chunk
    finally:
        reader.close()


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
