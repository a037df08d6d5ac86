"""The sender of people's clients: connections kept and shared between threads, TLS, proxies, streams both ways."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from pyreqwest.bytes import Bytes
from pyreqwest.client import SyncClient, SyncClientBuilder
from pyreqwest.exceptions import PyreqwestError
from pyreqwest.http import HeaderMap
from pyreqwest.request import BaseRequestBuilder, SyncRequestBuilder, SyncStreamRequest
from pyreqwest.response import SyncResponse

from voxel51.transport.direct import WITH_BODY, DirectSender
from voxel51.transport.errors import APIError
from voxel51.transport.failures import meaning_of, origin_of
from voxel51.transport.heads import reason_of
from voxel51.transport.interrupts import interruptibly
from voxel51.transport.messages import CHUNK_BYTES, EVENT_STREAM, Answer, Request, StreamedBody, WholeAnswer
from voxel51.transport.redirects import MAX_REDIRECTS, after_redirect
from voxel51.transport.setup import Timeouts, set_up

FORKED = (
    "this process was forked from one that had connections, which cannot be shared; "
    'start processes by multiprocessing.get_context("spawn"), or use threads (API.thread_map)'
)
Result = TypeVar("Result")
RequestBuilder = TypeVar("RequestBuilder", bound=BaseRequestBuilder)
Received = TypeVar("Received", bound=Answer | WholeAnswer)


class HeadersView(Mapping[str, str]):
    """The headers of an answer as they are asked for, in any case. One that is not ASCII counts as absent."""

    def __init__(self, headers: HeaderMap) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        try:
            return self._headers[name]
        except ValueError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers.keys())

    def __len__(self) -> int:
        return len(self._headers)


class PooledAnswer:
    """An `Answer` whose body still comes over the wire."""

    def __init__(
        self, opened: SyncStreamRequest, response: SyncResponse, url: str, abandon: Callable[[], None]
    ) -> None:
        self.status = response.status
        self.reason = reason_of(response.status)
        self.url = url
        self.headers: Mapping[str, str] = HeadersView(response.headers)
        self._opened = opened
        self._response = response
        self._abandon = abandon

    def read(self) -> bytes:
        """The whole body."""
        return self._wait(self._response.body_reader.bytes).to_bytes()

    def chunks(self) -> Iterator[bytes]:
        """The body in pieces of at most `CHUNK_BYTES`; an event stream as it comes."""
        reader = self._response.body_reader
        is_live = self.headers.get("content-type", "").startswith(EVENT_STREAM)
        read: Callable[[], Bytes | None] = reader.read_chunk if is_live else partial(reader.read, CHUNK_BYTES)
        while (chunk := self._wait(read)) is not None:
            yield chunk.to_bytes()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    def _wait(self, work: Callable[[], Result]) -> Result:
        return _talk(work, self.url, self._abandon)


class PooledSender:
    """Sends requests over connections that are kept, from any number of threads.

    Nothing is opened before the first request. Closing gives up what is open; a later request opens anew.
    """

    def __init__(self, timeouts: Timeouts | None = None, *, keep_alive: bool = True) -> None:
        self._timeouts = timeouts or Timeouts()
        self._keep_alive = keep_alive
        self._direct = DirectSender(self._timeouts, keep_alive=keep_alive)
        self._clients: dict[bool, SyncClient] = {}
        self._lock = threading.Lock()
        self._process = os.getpid()

    def send(self, request: Request) -> Answer:
        """Send ``request`` and return once the answer's headers are there. Redirects of GET are followed."""
        return self._follow(self._open, request)

    def fetch(self, request: Request) -> WholeAnswer:
        """Send ``request`` and return the answer with its body, which is to be small."""
        return self._follow(self._exchange, request)

    def close(self) -> None:
        """Give up every connection. Exchanges that still run, in whatever thread, fail with `ConnectionFailed`."""
        self._direct.close()
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def _follow(self, ask: Callable[[Request], Received], request: Request) -> Received:
        for _ in range(MAX_REDIRECTS + 1):
            answer = ask(request)
            if not 300 <= answer.status < 400:
                return answer
            following = after_redirect(request, answer.status, answer.headers.get("location"))
            if following is None:
                return answer
            if not isinstance(answer, WholeAnswer):
                answer.__exit__(None, None, None)
            request = following
        raise APIError(f"{origin_of(request.url)} redirects more than {MAX_REDIRECTS} times", answer.status)

    def _open(self, request: Request) -> Answer:
        opened = self._prepare(request).build_streamed()
        response = _talk(opened.__enter__, request.url, self.close)
        return PooledAnswer(opened, response, request.url, self.close)

    def _exchange(self, request: Request) -> WholeAnswer:
        answer = self._direct.fetch(request)
        return self._exchange_by_library(request) if answer is None else answer

    def _exchange_by_library(self, request: Request) -> WholeAnswer:
        prepared = self._prepare(request).build()
        response = _talk(prepared.send, request.url, self.close)
        body = response.bytes().to_bytes()
        return WholeAnswer(
            response.status, reason_of(response.status), request.url, HeadersView(response.headers), body
        )

    def _prepare(self, request: Request) -> SyncRequestBuilder:
        body = in_memory_if_small(request.body)
        client = self._client(uploads=isinstance(body, StreamedBody))
        try:
            builder = client.request(request.method, request.url)
        except ValueError as error:
            raise meaning_of(error, request.url) from None
        if isinstance(body, StreamedBody):
            builder = builder.body_stream(body.chunks())
        return filled(builder, request, body, self._timeouts)

    def _client(self, *, uploads: bool) -> SyncClient:
        """The pool for streamed uploads or the one for everything else: they differ in what silence means."""
        client = self._clients.get(uploads)
        return client if client is not None and self._process == os.getpid() else self._build(uploads=uploads)

    def _build(self, *, uploads: bool) -> SyncClient:
        if self._clients and self._process != os.getpid():
            raise APIError(FORKED, 0)
        with self._lock:
            if uploads not in self._clients:
                builder = set_up(SyncClientBuilder(), self._timeouts, keep_alive=self._keep_alive, uploads=uploads)
                self._clients[uploads] = _built(builder)
                self._process = os.getpid()
            return self._clients[uploads]


def _built(builder: SyncClientBuilder) -> SyncClient:
    try:
        return builder.build()
    except RuntimeError:  # raised in a forked process when the first one had connections, of whatever sender
        raise APIError(FORKED, 0) from None


def filled(
    builder: RequestBuilder, request: Request, body: bytes | StreamedBody | None, timeouts: Timeouts
) -> RequestBuilder:
    """``builder`` with the headers, the limit and the body of ``request``, but for a body that is a stream."""
    builder = _with_headers(builder, request.headers)
    if request.headers.get("Accept") == EVENT_STREAM:
        builder = builder.streamed_read_buffer_limit(0)  # or its first words wait for the next 64 KiB
    seconds = request.timeout_seconds
    if isinstance(body, StreamedBody):
        builder = builder.header("Content-Length", str(body.size_bytes))
        seconds = seconds or timeouts.of_upload(body.size_bytes)
    elif body:
        builder = builder.body_bytes(body)
    elif request.method in WITH_BODY:
        builder = builder.header("Content-Length", "0")
    return builder if seconds is None else builder.timeout(timedelta(seconds=seconds))


def in_memory_if_small(body: bytes | StreamedBody | None) -> bytes | StreamedBody | None:
    """A body of one piece is sent faster as such, by the pool that everything else uses."""
    if isinstance(body, StreamedBody) and body.size_bytes <= CHUNK_BYTES:
        return b"".join(body.chunks())
    return body


def _with_headers(builder: RequestBuilder, headers: Mapping[str, str]) -> RequestBuilder:
    try:
        return builder.headers(headers)
    except ValueError:  # its text has the header in it, which may be a credential
        raise APIError(f"a header cannot be sent as it is; their names are {', '.join(headers)}", 0) from None


def _talk(work: Callable[[], Result], url: str, abandon: Callable[[], None]) -> Result:
    try:
        return interruptibly(work, abandon)
    except PyreqwestError as error:
        raise meaning_of(error, url) from None
