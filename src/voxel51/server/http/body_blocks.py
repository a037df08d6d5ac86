"""Body blocks: receive a large request body from the socket in blocks, past the HTTP parser.

The parser takes a body apart into small pieces and copies each several times, which costs as much processor time as
storing the file. A body of announced length needs no parsing: `SocketBlocks` stands in for the connection's protocol
until its last byte has arrived, and the socket is read straight into the block that is written to the storage.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from voxel51.server.storage.partial import Chunk
from voxel51.server.storage.storage import CHUNK_BYTES

SOCKET_BLOCKS = "voxel51.socket_blocks"
"""ASGI extension, a function of the request's scope and the announced length of its body: returns `SocketBlocks`, or
None where that is impossible. Nothing of the body may have been received before."""


class BodyBlocks(Protocol):
    """The body of a request, in blocks of about `CHUNK_BYTES`."""

    async def next(self) -> Chunk:
        """Return the next block, which is valid until the next call; an empty one after the last.

        Raises:
            ClientDisconnect: the client disconnected. The blocks before contain all that it sent.
        """

    def close(self) -> None:
        """End the receiving. The server discards the rest of the body."""


def announced_length(request: Request) -> int | None:
    """Return the length of the body as its head announces it; 0 without a body, None if it is unknown."""
    if "transfer-encoding" in request.headers:
        return None
    announced = request.headers.get("content-length", "0")
    return int(announced) if announced.isdigit() else None


def body_blocks(request: Request) -> BodyBlocks:
    """Return the body of ``request``, of which nothing was received yet."""
    take: Callable[[Scope, int], BodyBlocks | None] | None = request.scope.get("extensions", {}).get(SOCKET_BLOCKS)
    size_bytes = announced_length(request)
    if take is not None and size_bytes is not None and size_bytes > CHUNK_BYTES:
        blocks = take(request.scope, size_bytes)
        if blocks is not None:
            return blocks
    return _CollectedBlocks(request)


class _CollectedBlocks:
    """A body that passes the parser, because it is short or its length is unknown."""

    def __init__(self, request: Request) -> None:
        self._chunks = request.stream()
        self._failure: ClientDisconnect | None = None

    async def next(self) -> Chunk:
        block = bytearray()
        if self._failure is not None:
            raise self._failure
        try:
            async for chunk in self._chunks:
                block += chunk
                if len(block) >= CHUNK_BYTES:
                    return block
        except ClientDisconnect as failure:
            if not block:
                raise
            self._failure = failure
        return block

    def close(self) -> None:
        """Do nothing: the parser discards the rest."""


class SocketBlocks(asyncio.BufferedProtocol):
    """The rest of a body, read from the socket. The socket fills one buffer while the application uses the other.

    Args:
        connection: whose body it is; its transport then has this protocol.
        received: what arrived together with the head.
        size_bytes: the announced length of the body.
        hand_back: called when the last byte has arrived, also if the application has closed this before.
        discarding: called with each piece that is discarded after that.
    """

    def __init__(
        self,
        connection: HttpToolsProtocol,
        received: bytearray,
        size_bytes: int,
        hand_back: Callable[[], None],
        discarding: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._received = received
        self._left_bytes = size_bytes - len(received)
        self._hand_back = hand_back
        self._discarding = discarding
        self._filling, self._spare = memoryview(bytearray(CHUNK_BYTES)), memoryview(bytearray(CHUNK_BYTES))
        self._filled_bytes = 0
        self._is_closed = self._is_lost = False
        self._is_ready = asyncio.Event()

    async def next(self) -> Chunk:
        """Implement `BodyBlocks.next`."""
        if self._received:
            received, self._received = self._received, bytearray()
            return received
        if self._left_bytes:
            await self._is_ready.wait()
        if self._is_lost and not self._filled_bytes:
            raise ClientDisconnect
        block = self._filling[: self._filled_bytes]
        self._filling, self._spare, self._filled_bytes = self._spare, self._filling, 0
        if self._left_bytes and not self._is_lost:
            self._is_ready.clear()
            self._connection.flow.resume_reading()
        return block

    def close(self) -> None:
        """Implement `BodyBlocks.close`."""
        self._is_closed, self._filled_bytes = True, 0
        if not self._is_lost:
            self._connection.flow.resume_reading()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  (the interface of asyncio)
        """Return the memory for what arrives next: never beyond the body, for a new request may follow it."""
        return self._filling[self._filled_bytes : self._filled_bytes + self._left_bytes]

    def buffer_updated(self, nbytes: int) -> None:
        """Count what arrived, and stop reading while there is no memory for more."""
        self._left_bytes -= nbytes
        if self._is_closed:
            self._discarding()
        else:
            self._filled_bytes += nbytes
        if not self._left_bytes:
            self._is_ready.set()
            self._hand_back()
        elif self._filled_bytes == CHUNK_BYTES:
            self._is_ready.set()
            self._connection.flow.pause_reading()

    def eof_received(self) -> None:
        """Let the transport close the connection: the rest of the body will not come."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake the application."""
        self._is_lost = True
        self._is_ready.set()
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass on to the connection."""
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        """Pass on to the connection."""
        self._connection.resume_writing()
