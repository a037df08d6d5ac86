"""HTTP messages: requests, responses, and the bodies of both. The interface between calls and the sender."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from voxel51.transport.secrets import shown

EVENT_STREAM = "text/event-stream"
"""The media type of responses that are read as they come, not in full pieces."""

CHUNK_BYTES = 1024 * 1024
"""The size of the pieces in which bodies are sent and received."""


class ChunkSource(Protocol):
    """The source of a streamed body."""

    def __call__(self) -> Iterable[bytes]:
        """Return the bytes from the start, in pieces of about `CHUNK_BYTES`."""


@dataclass(frozen=True, slots=True)
class StreamedBody:
    """A body that is read while it is sent.

    Attributes:
        chunks: returns a fresh iterable of the bytes at every call, so that a request can be sent again.
        size_bytes: their exact number; it is sent as ``Content-Length``.
    """

    chunks: ChunkSource
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. The sender adds ``Host``, ``Content-Length`` and the headers that all its requests have.

    Its ``repr`` shows neither headers, nor the body, nor the query of a signed link.

    Attributes:
        repeatable: whether sending it twice does no more than sending it once.
        timeout_seconds: a limit for the whole exchange, the response's body included. None leaves it to the sender,
            which gives up when the server is silent.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | StreamedBody | None = None
    repeatable: bool = False
    timeout_seconds: float | None = None
    follow_redirects: bool = True

    def __repr__(self) -> str:
        return f"Request({self.method} {shown(self.url)})"


class Response(Protocol):
    """One HTTP response, its body not yet read. A context manager that releases the connection.

    Header names are found in any case. Values that are not ASCII count as absent.
    """

    status: int
    reason: str
    url: str
    headers: Mapping[str, str]

    def read(self) -> bytes:
        """Return the whole body."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in pieces of at most `CHUNK_BYTES`; an event stream as it comes."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class BufferedResponse:
    """A response whose body is in memory. There is nothing to close."""

    status: int
    reason: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"BufferedResponse({self.status} of {shown(self.url)}, {len(self.body)} bytes)"

    def read(self) -> bytes:
        """Return the whole body."""
        return self.body


class ResponseSink(Protocol):
    """Takes a response that is too large for memory."""

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Prepare for the body of a successful response."""

    def take(self, chunk: bytes) -> None:
        """Take the next piece of the body."""
