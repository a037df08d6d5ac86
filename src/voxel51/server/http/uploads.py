"""Reading bodies: small ones into memory, files as a stream into storage."""

import re
import uuid
from collections.abc import AsyncIterator, Mapping
from urllib.parse import unquote

import multipart
from anyio import to_thread
from starlette.requests import Request

from voxel51.server.errors import BadRequest, TooLarge
from voxel51.server.http.route import Inspector, MultipartBody, RawBody, Sink, Upload
from voxel51.server.storage.storage import CHUNK_BYTES, Storage, Writer
from voxel51.wire import digests

_MULTIPART_OVERHEAD_BYTES = 64 * 1024
_FIELD_LIMIT_BYTES = 64 * 1024
_FIELD_LIMIT_COUNT = 64
_EXTENDED_FILENAME = re.compile(r"""filename\*\s*=\s*[\w-]+'[^']*'([^;\s]+)""", re.IGNORECASE)


def is_shorter(request: Request, limit_bytes: int) -> bool:
    """Whether the body was announced to have ``limit_bytes`` at most, or there is none."""
    if "transfer-encoding" in request.headers:
        return False
    announced = request.headers.get("content-length", "0")
    return announced.isdigit() and int(announced) <= limit_bytes


async def read_small(request: Request, limit_bytes: int) -> bytes:
    """The whole body.

    Raises:
        TooLarge: it is longer than ``limit_bytes``.
    """
    body = bytearray()
    _check_announced(request, limit_bytes)
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise TooLarge(f"The body is longer than the {limit_bytes} bytes that are taken here")
    return bytes(body)


async def pour(request: Request, sink: Sink) -> None:
    """Everything of the body into ``sink``, which is closed at the end. What came before it broke off is in it."""
    pending = bytearray()
    complete = False
    try:
        async for chunk in request.stream():
            pending += chunk
            if len(pending) >= CHUNK_BYTES:
                full, pending = pending, bytearray()
                await to_thread.run_sync(sink.write, full)
        complete = True
    finally:  # here and now: a request that is cancelled may not wait for a thread
        try:
            if pending:
                sink.write(pending)
        finally:
            sink.close(complete)


def check_digest(headers: Mapping[str, str], body: RawBody, writer: Writer | None) -> None:
    """Return when what was written is what the headers, where they say so, announced.

    Raises:
        BadRequest: it is something else.
    """
    if writer is not None:
        names = (digests.CONTENT_DIGEST, digests.REPR_DIGEST) if body.is_whole else (digests.CONTENT_DIGEST,)
        for name in names:
            check_announced_digest(headers.get(name), writer.sha256)


def check_announced_digest(announced: str | None, sha256: str) -> None:
    """Return when ``announced``, a header's value or None, is not at odds with the hash of what came.

    Raises:
        BadRequest: it is, or it is malformed.
    """
    try:
        expected = digests.from_header(announced)
    except ValueError as error:
        raise BadRequest(str(error)) from None
    if expected not in {None, sha256}:
        raise BadRequest(
            f"What came has the SHA-256 {sha256}, not {expected} as announced; nothing was kept. Try again"
        )


class Receiver:
    """Receives files into ``storage``, none larger than ``limit_bytes``."""

    def __init__(self, storage: Storage, limit_bytes: int) -> None:
        self._storage = storage
        self._limit_bytes = limit_bytes

    async def raw(self, request: Request, body: RawBody) -> Upload:
        """The whole body as one file without a name."""
        if body.folder is None:
            return Upload("", None, content=await read_small(request, body.memory_limit_bytes))
        sink = await self._sink(request, body.folder)
        try:
            async for chunk in request.stream():
                await sink.take(chunk)
            await sink.end()
            check_digest(request.headers, body, sink.writer)
        except BaseException:
            sink.writer.abort()
            raise
        return Upload("", None, writer=sink.writer)

    def small(self, body: RawBody, content: bytes) -> Upload:
        """The same for a body that is in memory already."""
        if body.folder is None:
            return Upload("", None, content=content)
        writer = self._storage.writer(f"{body.folder}/{uuid.uuid4()}", len(content))
        writer.write(content)
        return Upload("", None, writer=writer)

    async def multipart(self, request: Request, body: MultipartBody) -> tuple[Upload | None, dict[str, str]]:
        """The file part named ``file``, and the text fields; parts may come in any order.

        Raises:
            BadRequest: the body is no multipart/form-data, is cut short, or holds more than one file.
            TooLarge: the file or the fields are larger than allowed.
        """
        reading = _Parts(self, request, body)
        try:
            return await reading.run()
        except multipart.MultipartError as error:
            reading.abort()
            raise BadRequest(f"The body is not valid multipart/form-data: {error}") from None
        except BaseException:
            reading.abort()  # here and now: a request that is cancelled may not wait for a thread
            raise

    async def _sink(self, request: Request, folder: str, inspector: Inspector | None = None) -> "_Sink":
        expected = _check_announced(request, self._limit_bytes + _MULTIPART_OVERHEAD_BYTES)
        writer = await to_thread.run_sync(self._storage.writer, f"{folder}/{uuid.uuid4()}", expected)
        return _Sink(writer, self._limit_bytes, inspector)


class _Sink:
    """Collects pieces until they are worth a trip to a thread, then writes them there."""

    def __init__(self, writer: Writer, limit_bytes: int, inspector: Inspector | None) -> None:
        self.writer = writer
        self._inspector = inspector
        self._limit_bytes = limit_bytes
        self._pending: list[bytes | bytearray] = []
        self._pending_bytes = 0
        self._taken_bytes = 0

    async def take(self, chunk: bytes | bytearray) -> None:
        self._taken_bytes += len(chunk)
        if self._taken_bytes > self._limit_bytes:
            raise TooLarge(f"The file is larger than the {self._limit_bytes} bytes that this platform takes")
        self._pending.append(chunk)
        self._pending_bytes += len(chunk)
        if self._pending_bytes >= CHUNK_BYTES:
            await self.finish()

    async def finish(self) -> None:
        if self._pending:
            pending, self._pending, self._pending_bytes = self._pending, [], 0
            await to_thread.run_sync(self._write, pending)

    async def end(self) -> None:
        """Write what is left, and sync: before the handler runs, which may do so under the database's lock."""
        await to_thread.run_sync(self._write_last, self._pending)

    def _write(self, chunks: list[bytes | bytearray]) -> None:
        for chunk in chunks:
            if self._inspector is not None:
                self._inspector.feed(chunk)
            self.writer.write(chunk)

    def _write_last(self, chunks: list[bytes | bytearray]) -> None:
        self._write(chunks)
        if self._inspector is not None:
            self._inspector.finish()
        self.writer.sync()


class _Parts:
    """One multipart body being read."""

    def __init__(self, receiver: Receiver, request: Request, body: MultipartBody) -> None:
        self._receiver = receiver
        self._request = request
        self._body = body
        self._upload: Upload | None = None
        self._sink: _Sink | None = None
        self._content = bytearray()
        self._fields: dict[str, str] = {}
        self._field: tuple[str, bytearray] | None = None
        self._announced: list[str | None] = []

    async def run(self) -> tuple[Upload | None, dict[str, str]]:
        async for event in self._events():
            if isinstance(event, multipart.MultipartSegment):
                await self._begin(event)
            elif event is None:
                await self._end()
            else:
                await self._take(event)
        return self._upload, self._fields

    def abort(self) -> None:
        if self._sink is not None:
            self._sink.writer.abort()

    async def _events(self) -> AsyncIterator[multipart.MultipartSegment | bytearray | None]:
        kind, options = multipart.parse_options_header(self._request.headers.get("content-type", ""))
        if kind != "multipart/form-data" or not options.get("boundary"):
            raise BadRequest(f"This needs a body of multipart/form-data, not {kind or 'one without a content type'}")
        with multipart.PushMultipartParser(options["boundary"], max_segment_count=_FIELD_LIMIT_COUNT) as parser:
            async for chunk in self._request.stream():
                if chunk and not parser.closed:  # what follows the last boundary is read and ignored
                    for event in parser.parse(chunk):
                        yield event

    async def _begin(self, segment: multipart.MultipartSegment) -> None:
        filename = part_filename(segment)
        if segment.name == "file" and filename is not None:
            if self._upload is not None:
                raise BadRequest("More than one file came; send one a request")
            self._upload = Upload(filename, segment.content_type or None)
            names = (digests.REPR_DIGEST, digests.CONTENT_DIGEST)
            self._announced = [segment.header(name) for name in names]
            if self._body.folder is not None:
                inspector = None if self._body.inspector is None else self._body.inspector()
                self._sink = await self._receiver._sink(self._request, self._body.folder, inspector)
                self._upload.writer, self._upload.inspector = self._sink.writer, inspector
        self._field = (segment.name or "", bytearray())

    async def _take(self, chunk: bytearray) -> None:
        assert self._field is not None  # noqa: S101  (the parser gives a header before any content)
        name, content = self._field
        if name == "file" and self._sink is not None:
            await self._sink.take(chunk)
            return
        limit = self._body.memory_limit_bytes if name == "file" else _FIELD_LIMIT_BYTES
        content += chunk
        if len(content) > limit:
            raise TooLarge(f"The part {name!r} is longer than the {limit} bytes that are taken there")

    async def _end(self) -> None:
        assert self._field is not None  # noqa: S101  (the parser gives a header before any end)
        name, content = self._field
        if name == "file" and self._upload is not None:
            self._upload.content = bytes(content)
            if self._sink is not None:
                await self._sink.end()
                for announced in (*self._announced, self._request.headers.get(digests.REPR_DIGEST)):
                    check_announced_digest(announced, self._sink.writer.sha256)
        elif name in self._body.fields:
            self._fields[name] = content.decode("utf-8", "replace")
        self._field = None


def part_filename(segment: multipart.MultipartSegment) -> str | None:
    """The file name of a part, as its sender meant it, folders and all; None without one.

    The parser reads ``filename="…"``; the older form ``filename*=utf-8''…`` is read here.
    """
    if segment.filename is not None:
        return str(segment.filename)
    extended = _EXTENDED_FILENAME.search(segment.header("Content-Disposition", ""))
    return unquote(extended[1], "utf-8", "replace") if extended else None


def _check_announced(request: Request, limit_bytes: int) -> int | None:
    announced = request.headers.get("content-length", "")
    if not announced.isdigit():
        return None
    if int(announced) > limit_bytes:
        raise TooLarge(f"{announced} bytes are more than the {limit_bytes} that are taken here")
    return int(announced)
