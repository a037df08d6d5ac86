"""HTTP responses whose bodies still come over the wire."""

import http.client
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from voxel51.transport.connections import FAILURES, Connection
from voxel51.transport.messages import CHUNK_BYTES, EVENT_STREAM

DRAINED_BYTES = 64 * 1024
"""The unread rest of a body is read up to this size, so that the connection can be kept. A new one costs as much."""


class ResponseHeaders(Mapping[str, str]):
    """The headers of a response, found in any case. Values that are not ASCII count as absent."""

    __slots__ = ("_found",)

    def __init__(self, received: http.client.HTTPMessage) -> None:
        found: dict[str, str] = {}
        for name, text in received.items():
            key = name.lower()
            found[key] = f"{found[key]}, {text}" if key in found else text
        self._found = found

    def __getitem__(self, name: str) -> str:
        text = self._found[name.lower()]
        if not text.isascii():
            raise KeyError(name)
        return text

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class StreamedResponse:
    """A `voxel51.transport.messages.Response`.

    Args:
        received: its head, and the way to its body.
        url: where it came from, after redirects.
        connection: the one it comes over.
        release: called once, with whether the body was read to its end.
    """

    def __init__(
        self, received: http.client.HTTPResponse, url: str, connection: Connection, release: Callable[[bool], None]
    ) -> None:
        self.status = received.status
        self.reason = received.reason or ""
        self.url = url
        self.headers: Mapping[str, str] = ResponseHeaders(received.headers)
        self._received = received
        self._connection = connection
        self._release = release
        self._is_released = False

    def read(self) -> bytes:
        """Return the whole body.

        Raises:
            ConnectionFailed: the connection broke before the end.
        """
        body = self._receive(self._source().read)
        self.close(is_complete=True)
        return body

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in pieces of at most `CHUNK_BYTES`; an event stream as it comes.

        Raises:
            ConnectionFailed: the connection broke before the end.
        """
        source = self._source()
        read = source.read1 if self.headers.get("content-type", "").startswith(EVENT_STREAM) else source.read
        while chunk := self._receive(partial(read, CHUNK_BYTES)):
            yield chunk
        self.close(is_complete=True)

    def close(self, *, is_complete: bool = False) -> None:
        """Give the connection back, which is kept if the body was read to its end."""
        if not self._is_released:
            self._is_released = True
            self._received.close()
            self._release(is_complete)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = self._received.length
        if kind is None and left is not None and left <= DRAINED_BYTES:
            self.read()
        self.close()

    def _source(self) -> "_Source":
        if self.headers.get("content-encoding", "").lower() != "gzip":
            return self._received
        from gzip import GzipFile  # noqa: PLC0415  (3 ms to import, and the platform compresses nothing)

        return GzipFile(fileobj=self._received)

    def _receive(self, read: Callable[[], bytes]) -> bytes:
        if self._is_released:
            return b""
        try:
            received = read()
            if not received and self._received.length:  # http.client takes the end of a connection for that of a body
                raise http.client.IncompleteRead(b"", self._received.length)
        except FAILURES as error:
            self.close()
            raise self._connection.failure(error) from None
        return received


class _Source(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...

    def read1(self, size: int = -1, /) -> bytes: ...
