"""Anonymous flood: connections that send one request after the other to a route that needs no account.

``python -m benchmarks.support.anonymous_flood URL ROUTE CONNECTIONS`` prints a line once every connection had an
answer, and goes on until it is ended.
"""

import asyncio
import json
import sys
from contextlib import suppress
from urllib.parse import urlsplit

BODIES = {
    "password-resets": {"key": "an invented key", "new_password": "a long password"},
    "sign-up": {"username": "mallory", "password": "a long password", "invitation": "an invented key"},
    "sign-in": {"username": "mallory", "password": "a wrong password"},
}
"""Body of the requests by route."""


async def flood(url: str, route: str, connections: int) -> None:
    """Send requests over ``connections`` connections at once, without end."""
    server, body = urlsplit(url), json.dumps(BODIES[route])
    request = (
        f"POST /v1/{route} HTTP/1.1\r\nHost: {server.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    answered = asyncio.Barrier(connections + 1)
    sending = (_connection(server.hostname, server.port, request, answered) for _ in range(connections))
    tasks = [asyncio.create_task(each) for each in sending]
    await answered.wait()
    print("every connection had an answer", flush=True)
    await asyncio.gather(*tasks)


async def _connection(host: str | None, port: int | None, request: bytes, answered: asyncio.Barrier) -> None:
    is_first = True
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):  # the platform closed the connection
            reader, writer = await asyncio.open_connection(host, port)
            while True:
                writer.write(request)
                await _read_answer(reader)
                if is_first:
                    is_first = False
                    await answered.wait()


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length or 0))


if __name__ == "__main__":
    asyncio.run(flood(sys.argv[1], sys.argv[2], int(sys.argv[3])))
