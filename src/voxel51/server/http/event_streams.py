"""Event streams: send server-sent events while the client is connected and its credential is valid."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import msgspec
from anyio import sleep, to_thread
from starlette.responses import Response, StreamingResponse

from voxel51.server.errors import DatabaseAway, ServiceError
from voxel51.server.http.replies import EventStream, ServerSentEvent, ServerSentEvents

MEDIA_TYPE = "text/event-stream"
_CHECK_SECONDS = 4.0
"""Shortest time between two checks of the credential; a check happens with the next event or keep-alive."""

_AWAY_SECONDS = 1.0
"""Pause between two checks of the credential while the database is away."""

_RETRY = b"retry: 1000\n\n"
_KEEP_ALIVE = b":\n\n"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def event_response(stream: EventStream, authenticate: Callable[[], object]) -> Response:
    """Return the response that sends ``stream``, which ends once ``authenticate`` raises.

    Raises:
        ServiceError: the stream cannot be opened.
    """
    events = await stream.begin()
    # Started here, so that its clean-up runs even if the response never starts: the client may have gone.
    first = await anext(events)
    return StreamingResponse(_encoded(first, events, authenticate), headers=_HEADERS, media_type=MEDIA_TYPE)


async def _encoded(
    first: ServerSentEvent | None, events: ServerSentEvents, authenticate: Callable[[], object]
) -> AsyncGenerator[bytes, None]:
    checked_at = time.monotonic()
    async with aclosing(events):
        yield _RETRY + _encode(first)
        try:
            async for event in events:
                # While the database is away, the credential cannot be checked, and there are no events either: the
                # client keeps its connection, and an event that was read before waits.
                while time.monotonic() > checked_at + _CHECK_SECONDS:
                    try:
                        await to_thread.run_sync(authenticate)
                        checked_at = time.monotonic()
                    except DatabaseAway:
                        yield _KEEP_ALIVE
                        await sleep(_AWAY_SECONDS)
                yield _encode(event)
        except ServiceError:  # the credential is no longer valid; or the client resumes after its last event
            return


def _encode(event: ServerSentEvent | None) -> bytes:
    if event is None:
        return _KEEP_ALIVE
    if not event.name:
        return b"id: %d\n\n" % event.id
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.name.encode(), msgspec.json.encode(event.data))
