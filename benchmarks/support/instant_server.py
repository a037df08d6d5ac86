"""Instant server: answers every request at once with the details of one job, in the platform's words.

``python -m benchmarks.support.instant_server ANSWER_FILE`` prints its port and serves until it is stopped. A client
that never waits shows its own cost.
"""

import asyncio
import sys
from pathlib import Path
from typing import cast

import uvloop

END_OF_HEAD = b"\r\n\r\n"


class InstantAnswers(asyncio.Protocol):
    """One connection. Requests must have no bodies."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's class does not derive from it

    def data_received(self, data: bytes) -> None:
        *requests, self._rest = (self._rest + data).split(END_OF_HEAD)
        self._transport.write(self._answer * len(requests))


async def serve(body: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}".encode()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: InstantAnswers(head + END_OF_HEAD + body), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]).read_bytes()))
