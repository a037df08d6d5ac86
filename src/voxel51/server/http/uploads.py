"""Uploads: receive a file, from a raw body or a multipart form, into the storage or into memory."""

import uuid
from collections.abc import Mapping, Sequence

from anyio import to_thread
from starlette.requests import Request

from voxel51.server.http.bodies import Form, MultipartBody, RawBody, Upload
from voxel51.server.http.multipart import FIELD_LIMIT_BYTES, FIELD_LIMIT_COUNT, FormSink
from voxel51.server.http.receiving import (
    FileSink,
    check_announced_digest,
    check_announced_length,
    read_body,
    stream_body,
)
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import digests

_MULTIPART_OVERHEAD_BYTES = 64 * 1024


class UploadReceiver:
    """Receives files into ``storage``, none larger than ``limit_bytes``.

    Files that are kept in memory must arrive within ``limit_seconds``.
    """

    def __init__(self, storage: Storage, limit_bytes: int, limit_seconds: float) -> None:
        self._storage = storage
        self._limit_bytes = limit_bytes
        self._limit_seconds = limit_seconds

    async def raw(self, request: Request, body: RawBody) -> Upload:
        """Return the whole body as one file without a name.

        Raises:
            BadRequest: a digest header announced another hash.
            TooLarge: it is larger than allowed.
            TooSlow: it is kept in memory, and did not arrive in time.
        """
        if body.folder is None:
            content = await read_body(request, body.memory_limit_bytes, self._limit_seconds)
            return Upload("", None, content=content)
        writer = await to_thread.run_sync(self._open, body.folder, self._announced_length(request))
        await stream_body(request, FileSink(writer, self._limit_bytes, _announced_digests(request.headers, body)))
        return Upload("", None, writer=writer)

    def small(self, request: Request, body: RawBody, content: bytes) -> Upload:
        """Return a short body, which was read already, as one file without a name; raises as `raw` does.

        Runs in a worker thread, together with the handler: one switch of threads instead of four.
        """
        if body.folder is None:
            return Upload("", None, content=content)
        writer = self._open(body.folder, len(content))
        try:
            writer.write(content)
            for announced in _announced_digests(request.headers, body):
                check_announced_digest(announced, writer.sha256)
        except BaseException:
            writer.abort()
            raise
        return Upload("", None, writer=writer)

    async def multipart(self, request: Request, body: MultipartBody) -> Form:
        """Return the file and the declared text fields; raises as `FormSink` does."""
        folder = body.folder
        if folder is None:
            sink = FormSink(request, body, None)
            limit_bytes = body.memory_limit_bytes + FIELD_LIMIT_COUNT * FIELD_LIMIT_BYTES
            sink.write(await read_body(request, limit_bytes, self._limit_seconds))
            sink.close(complete=True)
            return sink.form
        announced_length = self._announced_length(request)

        def open_file(announced_digests: Sequence[str | None]) -> FileSink:
            inspector = None if body.inspector is None else body.inspector()
            return FileSink(self._open(folder, announced_length), self._limit_bytes, announced_digests, inspector)

        sink = FormSink(request, body, open_file)
        await stream_body(request, sink)
        return sink.form

    def _announced_length(self, request: Request) -> int | None:
        return check_announced_length(request, self._limit_bytes + _MULTIPART_OVERHEAD_BYTES)

    def _open(self, folder: str, expected_bytes: int | None) -> Writer:
        return self._storage.writer(f"{folder}/{uuid.uuid4()}", expected_bytes)


def _announced_digests(headers: Mapping[str, str], body: RawBody) -> Sequence[str | None]:
    names = (digests.CONTENT_DIGEST, digests.REPR_DIGEST) if body.is_whole else (digests.CONTENT_DIGEST,)
    return [headers.get(name) for name in names]
