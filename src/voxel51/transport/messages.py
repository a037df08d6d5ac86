"""What goes out and what comes back: the seam between calls and the library that sends them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from voxel51.transport.secrets import shown

EVENT_STREAM = "text/event-stream"
"""The media type of answers that are read as they come, and not in full pieces."""

CHUNK_BYTES = 1024 * 1024
"""How much of a streamed body is in memory at once."""


@dataclass(frozen=True, slots=True)
class StreamedBody:
    """A body that is read while it is sent.

    Attributes:
        chunks: gives a fresh iterator over the bytes at every call, so that a request can be sent again.
        size_bytes: their exact number; it goes out as ``Content-Length``.
    """

    chunks: "ChunkSource"
    size_bytes: int


class ChunkSource(Protocol):
    """Where a streamed body comes from."""

    def __call__(self) -> Iterable[bytes]:
        """The bytes from the start, in pieces of about `CHUNK_BYTES`."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, complete: the sender adds nothing but ``Host``, ``Content-Length`` and ``User-Agent``.

    ``repeatable`` says that sending it twice does no more than sending it once. ``timeout_seconds`` bounds the whole
    exchange, the answer's body included; None leaves it to the sender, which gives up when the other side is silent.
    Its ``repr`` shows neither headers, nor body, nor the query of a signed link.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | StreamedBody | None = None
    repeatable: bool = False
    timeout_seconds: float | None = None

    def __repr__(self) -> str:
        return f"Request({self.method} {shown(self.url)})"


class Answer(Protocol):
    """One HTTP answer, its body not yet read. A context manager: leaving it gives the connection back.

    Header names are lower case.
    """

    status: int
    reason: str
    url: str
    headers: Mapping[str, str]

    def read(self) -> bytes:
        """The whole body."""

    def chunks(self) -> Iterator[bytes]:
        """The body in pieces, each at most a few MiB."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """An `Answer` whose body is in memory: nothing is left to close."""

    status: int
    reason: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"WholeAnswer({self.status} of {shown(self.url)}, {len(self.body)} bytes)"

    def read(self) -> bytes:
        """The whole body."""
        return self.body


class Sender(Protocol):
    """Sends requests. It returns every answer, whatever its status, and raises only when none came.

    Raises:
        voxel51.transport.errors.ConnectionFailed: no connection, or it broke before the answer was complete.
        voxel51.transport.errors.TimedOut: the other side was silent for too long.
    """

    def send(self, request: Request) -> Answer:
        """Send ``request`` and return once the answer's headers are there. Redirects of GET are followed."""

    def close(self) -> None:
        """Close its connections. It must not be used afterwards."""


class Receiver(Protocol):
    """Takes an answer that is too large for memory."""

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The status is good, and the headers are there."""

    def take(self, chunk: bytes) -> None:
        """The next piece of the body."""
