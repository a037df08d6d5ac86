"""HTTP connections: uvicorn's protocol with a time limit for request heads, and errors in the API's JSON shape."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from voxel51.server.http.body_blocks import SOCKET_BLOCKS, SocketBlocks
from voxel51.server.http.errors import error_body

if TYPE_CHECKING:
    from starlette.types import Scope


class ClientConnection(HttpToolsProtocol):
    """One connection of a client.

    Its client must send the head of a request within ``head_seconds`` of connecting, or of its first byte. Otherwise a
    client could hold any number of connections by sending a byte now and then.
    """

    head_seconds = 20.0

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Start the time limit: a client that connects has a request to send."""
        super().connection_made(transport)
        self._extensions = {SOCKET_BLOCKS: self._take_body}
        self._start_head_timer()

    def data_received(self, data: bytes) -> None:
        """Parse what arrived. Bytes that complete no head end the waiting for the next request, and start the limit."""
        super().data_received(data)
        self._limit_head()

    def on_headers_complete(self) -> None:
        """End the time limit."""
        self._stop_head_timer()
        self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]  # ours is a function
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the time limit."""
        self._stop_head_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are not valid HTTP, and close the connection."""
        self._refuse("400 Bad Request", 400, f"This is not a valid HTTP request: {msg}")

    def _take_body(self, scope: Scope, size_bytes: int) -> SocketBlocks | None:
        """Return the body of the request ``scope``, which is read from the socket from now on.

        None if the request has ended, or asks for an upgrade: what follows such a head is not a body.
        """
        cycle = self.cycle
        if cycle.scope is not scope or cycle.disconnected or not cycle.more_body or self.parser.should_upgrade():
            return None
        if cycle.waiting_for_100_continue:
            cycle.waiting_for_100_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        received, cycle.body = cycle.body, bytearray()
        blocks = SocketBlocks(self, received, size_bytes, self._take_back, self._limit_head)
        self.transport.set_protocol(blocks)
        self.flow.resume_reading()
        return blocks

    def _take_back(self) -> None:
        """Go on with the parser, after a body that it has not seen."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.transport.set_protocol(self)
        self.on_message_complete()

    def _limit_head(self) -> None:
        if self._awaits_head() and self._head_timer is None and not self.transport.is_closing():
            self._start_head_timer()

    def _awaits_head(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._on_late_head)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _on_late_head(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        text = f"The head of the request did not arrive within {self.head_seconds:g} s. Send it again"
        self._refuse("408 Request Timeout", 408, text)

    def _refuse(self, status_line: str, status: int, message: str) -> None:
        body = error_body(status, message)
        head = (
            f"HTTP/1.1 {status_line}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
