"""Uploads: receive a file, from a raw body or a multipart form, into the storage or into memory."""

import uuid

from anyio import to_thread
from starlette.requests import Request

from voxel51.server.http.bodies import FileInspector, Form, MultipartBody, RawBody, Upload
from voxel51.server.http.multipart import MultipartReader
from voxel51.server.http.receiving import FileSink, check_announced_length, check_digest, read_body
from voxel51.server.storage.storage import Storage

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
        sink = await self._open_sink(request, body.folder, None)
        try:
            async for chunk in request.stream():
                await sink.write(chunk)
            await sink.finish()
            check_digest(request.headers, body, sink.writer)
        except BaseException:
            sink.writer.abort()
            raise
        return Upload("", None, writer=sink.writer)

    def small(self, request: Request, body: RawBody, content: bytes) -> Upload:
        """Return a short body, which was read already, as one file without a name; raises as `raw` does.

        Runs in a worker thread, together with the handler: one switch of threads instead of four.
        """
        if body.folder is None:
            return Upload("", None, content=content)
        writer = self._storage.writer(f"{body.folder}/{uuid.uuid4()}", len(content))
        try:
            writer.write(content)
            check_digest(request.headers, body, writer)
        except BaseException:
            writer.abort()
            raise
        return Upload("", None, writer=writer)

    async def multipart(self, request: Request, body: MultipartBody) -> Form:
        """Return the part named ``file`` and the declared text fields; raises as `MultipartReader.read` does."""
        folder = body.folder
        if folder is None:
            return await MultipartReader(request, body, None).read()

        async def open_sink() -> FileSink:
            return await self._open_sink(request, folder, None if body.inspector is None else body.inspector())

        return await MultipartReader(request, body, open_sink).read()

    async def _open_sink(self, request: Request, folder: str, inspector: FileInspector | None) -> FileSink:
        expected_bytes = check_announced_length(request, self._limit_bytes + _MULTIPART_OVERHEAD_BYTES)
        writer = await to_thread.run_sync(self._storage.writer, f"{folder}/{uuid.uuid4()}", expected_bytes)
        return FileSink(writer, self._limit_bytes, inspector)
