"""Event stream feed: one reader of the event table that serves all connected listeners.

The reader wakes when this process commits, and polls for what other processes wrote. It runs only while there are
listeners.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from anyio import to_thread

from voxel51.server.errors import DatabaseAway, TooManyRequests
from voxel51.server.events.service import BATCH_SIZE, EventService, OwnedEvent
from voxel51.wire.events import Event

log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
"""Pause between two reads unless `Feed.wake` ends it: other processes write events too."""

_QUEUE_LENGTH = 1000
"""Number of events that wait for a slow listener. At one more it is disconnected; it resumes from its last id."""


@dataclass(frozen=True, slots=True)
class StreamStart:
    """Beginning of a listener's stream: its events are those after ``event_id``.

    ``gap`` tells that earlier events may be missing.
    """

    event_id: int
    gap: bool


@dataclass(eq=False, slots=True)
class _Listener:
    owner_id: str
    job_ids: frozenset[str]  # empty: all jobs of the owner
    # None marks the end of the stream.
    queue: asyncio.Queue[Event | None] = field(default_factory=lambda: asyncio.Queue(_QUEUE_LENGTH + 1))

    def offer(self, owned: OwnedEvent) -> bool:
        """Queue the event if it concerns the listener; return False if the listener is too slow."""
        if owned.owner_id != self.owner_id or (self.job_ids and owned.event["job_id"] not in self.job_ids):
            return True
        if self.queue.qsize() < _QUEUE_LENGTH:
            self.queue.put_nowait(owned.event)
            return True
        self.queue.put_nowait(None)
        return False


class Feed:
    """Hands new events to listeners as they are committed.

    All methods except `wake` run in the event loop, so the set of listeners needs no lock.
    """

    def __init__(self, events: EventService, max_listeners: int, max_per_owner: int) -> None:
        self._events = events
        self._max_listeners = max_listeners
        self._max_per_owner = max_per_owner
        self._listeners: set[_Listener] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._closed = False

    def wake(self) -> None:
        """Read at once, because something was committed. Cheap, and safe from any thread."""
        loop = self._loop
        if loop is not None and self._listeners and not self._woken.is_set():
            loop.call_soon_threadsafe(self._woken.set)

    def close(self) -> None:
        """End the streams of all listeners. Call it in the event loop only."""
        self._closed = True
        for listener in self._listeners:
            listener.queue.put_nowait(None)

    async def listen(
        self, owner_id: str, job_ids: Sequence[str], last_id: int | None, silence_seconds: float
    ) -> AsyncGenerator[StreamStart | Event | None, None]:
        """Return the stream of the owner's events after ``last_id``, or from now on.

        The stream begins with its `StreamStart`, and yields None after each ``silence_seconds`` without an event. It
        ends if the listener is too slow, or when the platform stops. Only a started generator is cleaned up, so the
        caller must take the first item at once: otherwise the listener stays registered.

        Raises:
            TooManyRequests: the owner, or the whole platform, has too many listeners.
        """
        # Read before the listener is registered: no event can be missed between the two. One may arrive twice, and
        # `_follow` skips ids that it has already emitted.
        now = await to_thread.run_sync(self._events.last_id)
        listener = self._add(owner_id, job_ids, now)
        return self._follow(listener, now, last_id, silence_seconds)

    async def _follow(
        self, listener: _Listener, now: int, last_id: int | None, silence_seconds: float
    ) -> AsyncGenerator[StreamStart | Event | None, None]:
        try:
            emitted, gap = (now, False) if last_id is None else await to_thread.run_sync(self._events.resume, last_id)
            yield StreamStart(emitted, gap)
            async for event in self._missed(listener, emitted):
                emitted = event["id"]
                yield event
            while True:
                try:
                    queued = await asyncio.wait_for(listener.queue.get(), silence_seconds)
                except TimeoutError:
                    yield None
                    continue
                if queued is None:
                    return
                if queued["id"] > emitted:
                    emitted = queued["id"]
                    yield queued
        finally:
            self._remove(listener)

    def _add(self, owner_id: str, job_ids: Sequence[str], now: int) -> _Listener:
        of_owner = sum(listener.owner_id == owner_id for listener in self._listeners)
        if of_owner >= self._max_per_owner or len(self._listeners) >= self._max_listeners:
            raise TooManyRequests(
                f"Too many event streams: you have {of_owner} open. Close one, or follow several jobs with one stream."
            )
        listener = _Listener(owner_id, frozenset(job_ids))
        if self._closed:
            listener.queue.put_nowait(None)
        self._listeners.add(listener)
        if self._reading is None:
            self._loop = asyncio.get_running_loop()
            self._reading = asyncio.create_task(self._read(now))
        return listener

    def _remove(self, listener: _Listener) -> None:
        self._listeners.discard(listener)
        if not self._listeners and self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def _missed(self, listener: _Listener, last_id: int) -> AsyncGenerator[Event, None]:
        """Yield what happened before the listener was added; later events wait in its queue meanwhile."""
        up_to = await to_thread.run_sync(self._events.last_id)
        while last_id < up_to:
            page = await to_thread.run_sync(
                lambda after: self._events.after(after, listener.owner_id, [*listener.job_ids], up_to), last_id
            )
            for owned in page:
                yield owned.event
            last_id = page[-1].event["id"] if page else up_to

    async def _read(self, last_id: int) -> None:
        while True:
            try:
                page = await self._page(last_id)
            except DatabaseAway:  # logged by the database, once
                page = []
            except Exception:
                log.exception("reading events failed; retrying in %g s", _POLL_SECONDS)
                page = []
            for owned in page:
                last_id = owned.event["id"]
                for listener in [*self._listeners]:
                    if not listener.offer(owned):
                        self._listeners.discard(listener)
            if len(page) < BATCH_SIZE:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), _POLL_SECONDS)
                self._woken.clear()

    async def _page(self, last_id: int) -> list[OwnedEvent]:
        """Return the next events of all. A thread is slower than reading a few of them here."""
        few = self._events.few_after(last_id)
        return await to_thread.run_sync(self._events.after, last_id) if few is None else few
