"""The HTTP sender for asyncio: the sender of threads, in threads of its own.

Each call runs in a thread from start to end, retries and pauses included, so there is one implementation of both.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from voxel51.transport.cancellation import Cancellation
from voxel51.transport.errors import ConnectionFailed
from voxel51.transport.messages import BufferedResponse, Request, Response, ResponseSink
from voxel51.transport.retrying import RetryingSender, RetryPolicy
from voxel51.transport.sender import HttpSender

MOST_THREADS = 1000
"""More calls than that at the same time wait for each other. Threads are started when they are needed."""

Result = TypeVar("Result")


class AsyncSender:
    """Sends requests for tasks, any number at the same time. A cancelled task aborts its transfer at once.

    Closing gives up what is open; a later request opens new connections.
    """

    def __init__(self, policy: RetryPolicy | None = None, *, keep_alive: bool = True) -> None:
        self._sender = RetryingSender(HttpSender(keep_alive=keep_alive), policy)
        self._threads: ThreadPoolExecutor | None = None
        self._process = os.getpid()

    async def fetch(self, request: Request) -> BufferedResponse:
        """Return the response with its body, which should be small."""
        return await self._run(partial(self._sender.fetch, request))

    async def receive(self, request: Request, check: Callable[[Response], None], into: ResponseSink) -> None:
        """Put the response into ``into`` as it comes, in a thread. The request is sent once.

        ``check`` gets the response first, to raise if it is not a success. When this is cancelled, ``into`` is not
        used any more from the moment when this ends: its owner may close it.
        """
        guarded = _GuardedSink(into)
        try:
            await self._run(partial(self._sender.receive, request, check, guarded))
        except asyncio.CancelledError:
            await asyncio.to_thread(guarded.stop)
            raise

    async def attempt(self, request: Request) -> BufferedResponse:
        """Return the response of one attempt, with its body, which should be small."""
        return await self._run(partial(self._sender.attempt, request))

    async def close(self) -> None:
        """Close every connection; calls under way fail with `ConnectionFailed`."""
        self._sender.close()
        threads, self._threads = self._threads, None
        if threads is not None and self._process == os.getpid():
            threads.shutdown(wait=False)

    async def _run(self, call: Callable[[Cancellation], Result]) -> Result:
        cancellation = Cancellation()
        running = asyncio.get_running_loop().run_in_executor(self._executor(), call, cancellation)
        try:
            return await running
        except asyncio.CancelledError:
            cancellation.cancel()
            raise

    def _executor(self) -> ThreadPoolExecutor:
        if self._threads is None or self._process != os.getpid():  # threads do not survive a fork
            self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="voxel51-transport")
            self._process = os.getpid()
        return self._threads


class _GuardedSink:
    """Passes a response on to ``into`` until it is stopped."""

    def __init__(self, into: ResponseSink) -> None:
        self._into = into
        self._lock = threading.Lock()
        self._is_stopped = False

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        with self._lock:
            self._require_running()
            self._into.begin(status, headers)

    def take(self, chunk: bytes) -> None:
        with self._lock:
            self._require_running()
            self._into.take(chunk)

    def stop(self) -> None:
        """Wait for the piece that is being taken, and take none afterwards."""
        with self._lock:
            self._is_stopped = True

    def _require_running(self) -> None:
        if self._is_stopped:
            raise ConnectionFailed("the call was cancelled")
