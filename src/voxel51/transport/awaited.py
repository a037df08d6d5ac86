"""The sender of asyncio's clients: what `pooled` and `retrying` do for threads, for one event loop.

What is decided is decided by the same code; here is only what must be awaited.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeVar

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError
from pyreqwest.request import RequestBuilder
from pyreqwest.response import Response

from voxel51.transport.errors import APIError, ConnectionFailed
from voxel51.transport.failures import meaning_of, origin_of
from voxel51.transport.heads import reason_of
from voxel51.transport.messages import CHUNK_BYTES, EVENT_STREAM, Receiver, Request, StreamedBody, WholeAnswer
from voxel51.transport.pooled import FORKED, HeadersView, filled, in_memory_if_small
from voxel51.transport.redirects import MAX_REDIRECTS, after_redirect
from voxel51.transport.retrying import RetryPolicy, Trials, TryAgain
from voxel51.transport.setup import Timeouts, set_up

Result = TypeVar("Result")


class AsyncSender:
    """Sends requests over connections that are kept, again where that is worth it and safe.

    It belongs to the event loop in which it is first used. Closing gives up what is open; a later request opens anew.
    """

    def __init__(self, policy: RetryPolicy | None = None, *, keep_alive: bool = True) -> None:
        self._policy = policy or RetryPolicy()
        self._timeouts = Timeouts()
        self._keep_alive = keep_alive
        self._clients: dict[bool, Client] = {}
        self._process = os.getpid()

    async def fetch(self, request: Request) -> WholeAnswer:
        """The answer with its body, which is to be small."""
        return await self._repeat(request, _whole)

    async def receive(self, request: Request, check: Callable[[WholeAnswer], None], into: Receiver) -> None:
        """Put the answer into ``into`` as it comes, in threads. It is asked for once.

        ``check`` gets the answer if it is an error or a redirect, to raise what it means.
        """

        async def hand_over(response: Response, url: str) -> None:
            if response.status >= 300:
                check(await _whole(response, url))
            headers = HeadersView(response.headers)
            await _in_thread(into.begin, response.status, headers)
            reader = response.body_reader
            is_live = headers.get("content-type", "").startswith(EVENT_STREAM)
            while (chunk := await (reader.read_chunk() if is_live else reader.read(CHUNK_BYTES))) is not None:
                await _in_thread(into.take, chunk.to_bytes())

        await self._follow(request, lambda _status, _headers: None, hand_over)

    async def close(self) -> None:
        """Give up every connection."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()

    async def _repeat(self, request: Request, use: Callable[[Response, str], Awaitable[Result]]) -> Result:
        trials = Trials(self._policy, request)
        while True:
            try:
                return await self._follow(trials.request(), trials.check, use)
            except TryAgain as unsettled:
                pause_seconds = unsettled.pause_seconds
            except ConnectionFailed as error:
                pause = trials.pause_after(error)
                if pause is None:
                    raise
                pause_seconds = pause
            await asyncio.sleep(pause_seconds)

    async def _follow(
        self,
        request: Request,
        settle: Callable[[int, Mapping[str, str]], None],
        use: Callable[[Response, str], Awaitable[Result]],
    ) -> Result:
        for _ in range(MAX_REDIRECTS + 1):
            try:
                async with self._prepare(request).build_streamed() as response:
                    headers = HeadersView(response.headers)
                    settle(response.status, headers)
                    following = after_redirect(request, response.status, headers.get("location"))
                    if following is None:
                        return await use(response, request.url)
            except PyreqwestError as error:
                raise meaning_of(error, request.url) from None
            request = following
        raise APIError(f"{origin_of(request.url)} redirects more than {MAX_REDIRECTS} times", 0)

    def _prepare(self, request: Request) -> RequestBuilder:
        body = in_memory_if_small(request.body)
        client = self._client(uploads=isinstance(body, StreamedBody))
        try:
            builder = client.request(request.method, request.url)
        except ValueError as error:
            raise meaning_of(error, request.url) from None
        if isinstance(body, StreamedBody):
            builder = builder.body_stream(_read_in_threads(body))
        return filled(builder, request, body, self._timeouts)

    def _client(self, *, uploads: bool) -> Client:
        if self._clients and self._process != os.getpid():
            raise APIError(FORKED, 0)
        if uploads not in self._clients:
            builder = set_up(ClientBuilder(), self._timeouts, keep_alive=self._keep_alive, uploads=uploads)
            self._clients[uploads] = builder.build()
            self._process = os.getpid()
        return self._clients[uploads]


async def _read_in_threads(body: StreamedBody) -> AsyncIterator[bytes]:
    chunks = iter(body.chunks())
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk


async def _whole(response: Response, url: str) -> WholeAnswer:
    body = (await response.bytes()).to_bytes()
    return WholeAnswer(response.status, reason_of(response.status), url, HeadersView(response.headers), body)


async def _in_thread(write: Callable[..., None], *what: object) -> None:
    """``write(*what)`` in a thread. One that is given up is waited for: it writes to a file that is closed next."""
    writing = asyncio.ensure_future(asyncio.to_thread(write, *what))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise
