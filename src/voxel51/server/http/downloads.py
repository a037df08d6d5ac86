"""Sending stored files: in chunks, whole or in part, from any storage."""

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

from anyio import to_thread
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from voxel51.server.downloads import Download
from voxel51.server.errors import NotFound
from voxel51.server.http.errors import error_response
from voxel51.server.storage.storage import Reader, Storage
from voxel51.wire import digests

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
"""Longer numbers are beyond any file, and beyond what Python reads; such a header is ignored like any malformed one."""


def download_response(download: Download, storage: Storage, request: Request) -> Response:
    """The answer that sends a stored file. Honours one range, ``If-Range`` by its tag, and HEAD.

    Raises:
        NotFound: its bytes are gone since its record was read.
    """
    try:
        size_bytes = storage.size_bytes(download.key)
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": f'"{download.key.rpartition("/")[2]}"',
            "Content-Disposition": content_disposition(download.filename),
            "Cache-Control": "private, no-transform",
            "X-Content-Type-Options": "nosniff",
        }
        if download.sha256 is not None:
            headers[digests.REPR_DIGEST] = digests.to_header(download.sha256)
        wanted = _wanted_range(request, size_bytes, headers["ETag"])
        if wanted is None:
            return error_response(
                416,
                f"The file has {size_bytes} bytes; ask for a range within",
                {"Content-Range": f"bytes */{size_bytes}"},
            )
        start, stop = wanted
        headers["Content-Length"] = str(stop - start)
        status = 200
        if (start, stop) != (0, size_bytes):
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size_bytes}"
            status = 206
        media_type = download.media_type or "application/octet-stream"
        if request.method == "HEAD":
            return Response(None, status, headers, media_type)
        reader = storage.read(download.key, start, stop - start)
    except FileNotFoundError:
        raise NotFound("Its bytes are no longer kept; it may have expired a moment ago") from None
    return StreamingResponse(_chunks(reader), status, headers, media_type, BackgroundTask(reader.close))


async def _chunks(reader: Reader) -> AsyncIterator[bytes]:
    try:
        while chunk := await to_thread.run_sync(next, reader, b""):
            yield chunk
    finally:
        reader.close()


def content_disposition(filename: str) -> str:
    """The header that names a download.

    Old readers take what follows ``filename=`` up to the next ``;`` and strip quotes, so that part is kept to
    plain characters; the exact name follows in the form that today's clients prefer.
    """
    plain = re.sub(r'[^\x20-\x7e]|[";\\%]', "_", filename) or "file"
    exact = f'attachment; filename="{plain}"'
    return exact if plain == filename else f"{exact}; filename*=UTF-8''{quote(filename, safe='')}"


def _wanted_range(request: Request, size_bytes: int, tag: str) -> tuple[int, int] | None:
    """First byte and the one after the last; None when the range cannot be satisfied."""
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    if found is None or found[0] == "bytes=-" or request.headers.get("if-range", tag) != tag:
        return 0, size_bytes
    first, last = found[1], found[2]
    if not first:
        start, stop = max(size_bytes - int(last), 0), size_bytes
    else:
        start, stop = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    return (start, stop) if start < stop else None
