"""Sending Server-Sent Events for as long as the caller listens and may."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import msgspec
from anyio import to_thread
from starlette.responses import Response, StreamingResponse

from voxel51.server.errors import ServiceError
from voxel51.server.http.route import EventStream, ServerSentEvent

MEDIA_TYPE = "text/event-stream"
_CHECK_SECONDS = 4.0
"""How often at most it is looked whether the credential still counts: with the next event or sign of life."""

_FIRST = b"retry: 1000\n\n"
_SIGN_OF_LIFE = b":\n\n"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def event_response(stream: EventStream, check: Callable[[], object]) -> Response:
    """The answer that tells what ``stream`` yields. ``check`` raises when the caller's credential counts no more.

    Raises:
        ServiceError: the stream cannot be begun.
    """
    events = await stream.begin()
    first = await anext(events)  # begun, so that it is ended even if its response never is: the client may be gone
    return StreamingResponse(_lines(first, events, check), headers=_HEADERS, media_type=MEDIA_TYPE)


async def _lines(
    first: ServerSentEvent | None,
    events: AsyncGenerator[ServerSentEvent | None, None],
    check: Callable[[], object],
) -> AsyncGenerator[bytes, None]:
    checked = time.monotonic()
    async with aclosing(events):
        yield _FIRST + _encode(first)
        async for event in events:
            if time.monotonic() > checked + _CHECK_SECONDS:
                try:
                    await to_thread.run_sync(check)
                except ServiceError:
                    return
                checked = time.monotonic()
            yield _encode(event)


def _encode(event: ServerSentEvent | None) -> bytes:
    if event is None:
        return _SIGN_OF_LIFE
    if not event.name:
        return b"id: %d\n\n" % event.id
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.name.encode(), msgspec.json.encode(event.data))
