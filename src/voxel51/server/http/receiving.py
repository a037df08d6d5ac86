"""Receiving of request bodies: short ones into memory, files into the storage as they arrive."""

import asyncio
from collections.abc import Mapping

from anyio import to_thread
from starlette.requests import Request

from voxel51.server.errors import BadRequest, TooLarge, TooSlow
from voxel51.server.http.bodies import BodySink, FileInspector, RawBody
from voxel51.server.storage.storage import CHUNK_BYTES, Writer
from voxel51.wire import digests


def is_shorter(request: Request, limit_bytes: int) -> bool:
    """Whether the body's announced length is at most ``limit_bytes``; a request without a body counts as shorter."""
    if "transfer-encoding" in request.headers:
        return False
    announced = request.headers.get("content-length", "0")
    return announced.isdigit() and int(announced) <= limit_bytes


def check_announced_length(request: Request, limit_bytes: int) -> int | None:
    """Return the announced length of the body, or None without one.

    Raises:
        TooLarge: it exceeds ``limit_bytes``.
    """
    announced = request.headers.get("content-length", "")
    if not announced.isdigit():
        return None
    if int(announced) > limit_bytes:
        raise TooLarge(f"The body has {announced} bytes; the limit is {limit_bytes}")
    return int(announced)


async def read_body(request: Request, limit_bytes: int, limit_seconds: float) -> bytes:
    """Return the whole body.

    Raises:
        TooLarge: it is longer than ``limit_bytes``.
        TooSlow: it has not arrived after ``limit_seconds``.
    """
    body = bytearray()
    check_announced_length(request, limit_bytes)
    try:
        async with asyncio.timeout(limit_seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit_bytes:
                    raise TooLarge(f"The body is longer than the limit of {limit_bytes} bytes")
    except TimeoutError:
        raise TooSlow(f"The body did not arrive within {limit_seconds:g} s. Send it again") from None
    return bytes(body)


async def stream_body(request: Request, sink: BodySink) -> None:
    """Write the whole body into ``sink`` and close it. Bytes that came before the client disconnected are written."""
    pending = bytearray()
    complete = False
    try:
        async for chunk in request.stream():
            pending += chunk
            if len(pending) >= CHUNK_BYTES:
                full, pending = pending, bytearray()
                await to_thread.run_sync(sink.write, full)
        complete = True
    finally:  # in this thread: a cancelled request may not wait for another
        try:
            if pending:
                sink.write(pending)
        finally:
            sink.close(complete)


def check_digest(headers: Mapping[str, str], body: RawBody, writer: Writer | None) -> None:
    """Raise `BadRequest` if a digest header announces a hash other than that of the written file."""
    if writer is not None:
        names = (digests.CONTENT_DIGEST, digests.REPR_DIGEST) if body.is_whole else (digests.CONTENT_DIGEST,)
        for name in names:
            check_announced_digest(headers.get(name), writer.sha256)


def check_announced_digest(announced: str | None, sha256: str) -> None:
    """Raise `BadRequest` if the digest header ``announced`` is malformed, or states another hash than ``sha256``."""
    try:
        expected = digests.from_header(announced)
    except ValueError as error:
        raise BadRequest(str(error)) from None
    if expected not in {None, sha256}:
        raise BadRequest(
            f"The received content has the SHA-256 {sha256}, not {expected} as announced; nothing was kept. Try again"
        )


class FileSink:
    """Writes a file to the storage. Collects pieces until writing them is worth a switch to a worker thread."""

    def __init__(self, writer: Writer, limit_bytes: int, inspector: FileInspector | None) -> None:
        self.writer = writer
        self.inspector = inspector
        self._limit_bytes = limit_bytes
        self._pending: list[bytes | bytearray] = []
        self._pending_bytes = 0
        self._total_bytes = 0

    async def write(self, chunk: bytes | bytearray) -> None:
        """Append a piece.

        Raises:
            TooLarge: the file exceeds the limit.
        """
        self._total_bytes += len(chunk)
        if self._total_bytes > self._limit_bytes:
            raise TooLarge(f"The file is larger than the limit of {self._limit_bytes} bytes")
        self._pending.append(chunk)
        self._pending_bytes += len(chunk)
        if self._pending_bytes >= CHUNK_BYTES:
            pending, self._pending, self._pending_bytes = self._pending, [], 0
            await to_thread.run_sync(self._write, pending)

    async def finish(self) -> None:
        """Write the rest and sync: here, because the handler may commit the file while it holds the database lock."""
        await to_thread.run_sync(self._write_last, self._pending)

    def _write(self, chunks: list[bytes | bytearray]) -> None:
        for chunk in chunks:
            if self.inspector is not None:
                self.inspector.feed(chunk)
            self.writer.write(chunk)

    def _write_last(self, chunks: list[bytes | bytearray]) -> None:
        self._write(chunks)
        if self.inspector is not None:
            self.inspector.finish()
        self.writer.sync()
