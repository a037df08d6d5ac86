"""Receiving of request bodies: short ones into memory, files into the storage as they arrive."""

import asyncio
from collections.abc import Sequence

from anyio import to_thread
from starlette.requests import Request

from voxel51.server.errors import BadRequest, TooLarge, TooSlow
from voxel51.server.http.bodies import BodySink, FileInspector
from voxel51.server.http.body_blocks import announced_length, body_blocks
from voxel51.server.storage.partial import Chunk
from voxel51.server.storage.storage import Writer
from voxel51.wire import digests


def is_shorter(request: Request, limit_bytes: int) -> bool:
    """Whether the body's announced length is at most ``limit_bytes``; a request without a body counts as shorter."""
    announced = announced_length(request)
    return announced is not None and announced <= limit_bytes


def check_announced_length(request: Request, limit_bytes: int) -> int | None:
    """Return the announced length of the body, or None without one.

    Raises:
        TooLarge: it exceeds ``limit_bytes``.
    """
    announced = announced_length(request)
    if announced is not None and announced > limit_bytes:
        raise TooLarge(f"The body has {announced} bytes; the limit is {limit_bytes}")
    return announced


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
    blocks = body_blocks(request)
    try:
        while block := await blocks.next():
            await to_thread.run_sync(sink.write, block)
    except asyncio.CancelledError:
        sink.close(complete=False)  # in this thread: a cancelled request may not wait for another
        raise
    except BaseException:
        await to_thread.run_sync(sink.close, False)
        raise
    finally:
        blocks.close()
    await to_thread.run_sync(sink.close, True)


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
    """Writes a file to the storage. A `BodySink`.

    Args:
        writer: of the file; it is aborted unless the whole file arrives and has the announced hash.
        limit_bytes: largest size of the file.
        announced_digests: headers with the hash of the file; None for one that was not sent.
        inspector: examines the file while it arrives.
    """

    def __init__(
        self,
        writer: Writer,
        limit_bytes: int,
        announced_digests: Sequence[str | None],
        inspector: FileInspector | None = None,
    ) -> None:
        self.writer = writer
        self.inspector = inspector
        self._limit_bytes = limit_bytes
        self._announced_digests = announced_digests

    def write(self, chunk: Chunk) -> None:
        """Append a piece.

        Raises:
            TooLarge: the file exceeds the limit.
        """
        if self.writer.size_bytes + len(chunk) > self._limit_bytes:
            raise TooLarge(f"The file is larger than the limit of {self._limit_bytes} bytes")
        if self.inspector is not None:
            self.inspector.feed(chunk)
        self.writer.write(chunk)

    def close(self, complete: bool) -> None:
        """Sync a complete file: here, because the handler may commit it while it holds the lock of the database.

        Raises:
            BadRequest: the file has another hash than announced.
        """
        if not complete:
            self.writer.abort()
            return
        try:
            if self.inspector is not None:
                self.inspector.finish()
            self.writer.sync()
            for announced in self._announced_digests:
                check_announced_digest(announced, self.writer.sha256)
        except BaseException:
            self.writer.abort()
            raise
