"""Replies: values that a handler may return besides a plain JSON body.

A handler may also return `voxel51.server.downloads.Download` or ``ProxiedDownload``, or a starlette response.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field


class FileReply:
    """Declares, as the ``answers`` of a route, that it sends a file. Such a route serves HEAD as well."""


@dataclass(frozen=True, slots=True)
class JsonReply:
    """A JSON body with headers or a status of its own.

    Attributes:
        body: ignored where the route declares an empty answer.
        headers: of this reply.
        status: None stands for the route's.
    """

    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One message of an event stream. ``data`` is sent as JSON; an empty ``name`` sends the id alone."""

    id: int
    name: str
    data: object


ServerSentEvents = AsyncGenerator[ServerSentEvent | None, None]
"""Messages of a stream; None sends a keep-alive comment."""


@dataclass(frozen=True, slots=True)
class EventStream:
    """A reply that stays open: Server-Sent Events.

    Attributes:
        begin: opens the stream, in the event loop; may raise one of `voxel51.server.errors`. The stream is closed
            when the client disconnects.
    """

    begin: Callable[[], Awaitable[ServerSentEvents]]
