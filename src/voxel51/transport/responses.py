"""HTTP responses whose bodies still come over the wire."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import TracebackType
from typing import Self

from urllib3.response import HTTPResponse

from voxel51.transport.connections import FAILURES, Connection
from voxel51.transport.messages import CHUNK_BYTES, EVENT_STREAM

DRAINED_BYTES = 64 * 1024
"""The unread rest of a body is read up to this size, so that the connection can be kept. A new one costs as much."""


class ResponseHeaders(Mapping[str, str]):
    """The headers of a response, found in any case. Values that are not ASCII count as absent."""

    __slots__ = ("_found",)

    def __init__(self, found: Mapping[str, str]) -> None:
        self._found = found

    def __getitem__(self, name: str) -> str:
        text = self._found[name]
        if not text.isascii():
            raise KeyError(name)
        return text

    def __iter__(self) -> Iterator[str]:
        return (name.lower() for name in self._found)

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
        self, received: HTTPResponse, url: str, connection: Connection, release: Callable[[bool], None]
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
        body = self._receive(self._received.read)
        self.close(is_complete=True)
        return body

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in pieces of at most `CHUNK_BYTES`; an event stream as it comes.

        Raises:
            ConnectionFailed: the connection broke before the end.
        """
        is_live = self.headers.get("content-type", "").startswith(EVENT_STREAM)
        is_encoded = "content-encoding" in self.headers  # urllib3 copies what it might have to decode
        read = self._received.read1 if is_live else self._received.read
        while chunk := self._receive(partial(read, CHUNK_BYTES, decode_content=is_encoded)):
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
        left = self._received.length_remaining
        if kind is None and left is not None and left <= DRAINED_BYTES:
            self.read()
        self.close()

    def _receive(self, read: Callable[[], bytes]) -> bytes:
        if self._is_released:
            return b""
        try:
            return read()
        except FAILURES as error:
            self.close()
            raise self._connection.failure(error) from None
