"""Live events: one reader for all who listen, awake when something was committed."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from anyio import to_thread

from voxel51.server.errors import TooManyRequests
from voxel51.server.events.service import EventService, OwnedEvent
from voxel51.wire.events import Event

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""How often to look without having been woken: for what another process wrote."""

_LONGEST_QUEUE = 1000
"""Events that wait for a slow listener; one more, and it is let go. It comes back by the last id it saw."""


@dataclass(frozen=True, slots=True)
class StreamStart:
    """Where a listener's events begin: after ``event_id``. ``gap``: some before that may be missing."""

    event_id: int
    gap: bool


@dataclass(eq=False, slots=True)
class _Listener:
    owner_id: str
    job_ids: frozenset[str]
    waiting: asyncio.Queue[Event | None] = field(default_factory=lambda: asyncio.Queue(_LONGEST_QUEUE + 1))

    def offer(self, owned: OwnedEvent) -> bool:
        """Queue what concerns the listener; whether it could keep up."""
        if owned.owner_id != self.owner_id or (self.job_ids and owned.event["job_id"] not in self.job_ids):
            return True
        if self.waiting.qsize() < _LONGEST_QUEUE:
            self.waiting.put_nowait(owned.event)
            return True
        self.waiting.put_nowait(None)
        return False


class Feed:
    """Hands new events to listeners as they are committed.

    Everything but `wake` runs in the event loop. Nothing runs while nobody listens.
    """

    def __init__(self, events: EventService, most_listeners: int, most_of_one_owner: int) -> None:
        self._events = events
        self._most_listeners = most_listeners
        self._most_of_one_owner = most_of_one_owner
        self._listeners: set[_Listener] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._closed = False

    def wake(self) -> None:
        """Look at once: something was committed. Cheap, and callable from any thread."""
        loop = self._loop
        if loop is not None and self._listeners and not self._woken.is_set():
            loop.call_soon_threadsafe(self._woken.set)

    def close(self) -> None:
        """Let every listener go; callable in the event loop alone."""
        self._closed = True
        for listener in self._listeners:
            listener.waiting.put_nowait(None)

    async def listen(
        self, owner_id: str, job_ids: Sequence[str], last_id: int | None, silence_seconds: float
    ) -> AsyncGenerator[StreamStart | Event | None, None]:
        """The owner's events after ``last_id``, or from now on; None whenever there was silence for so long.

        First comes where they begin. Until that is taken nobody gives the listener's place back: take it at once.
        The iterator ends when the listener is too slow or the platform stops.

        Raises:
            TooManyRequests: so many listen already.
        """
        now = await to_thread.run_sync(self._events.last_id)
        listener = self._admit(owner_id, job_ids, now)
        return self._follow(listener, now, last_id, silence_seconds)

    async def _follow(
        self, listener: _Listener, now: int, last_id: int | None, silence_seconds: float
    ) -> AsyncGenerator[StreamStart | Event | None, None]:
        try:
            told, gap = (now, False) if last_id is None else await to_thread.run_sync(self._events.resume, last_id)
            yield StreamStart(told, gap)
            async for event in self._missed(listener, told):
                told = event["id"]
                yield event
            while True:
                try:
                    waiting = await asyncio.wait_for(listener.waiting.get(), silence_seconds)
                except TimeoutError:
                    yield None
                    continue
                if waiting is None:
                    return
                if waiting["id"] > told:
                    told = waiting["id"]
                    yield waiting
        finally:
            self._dismiss(listener)

    def _admit(self, owner_id: str, job_ids: Sequence[str], now: int) -> _Listener:
        of_owner = sum(listener.owner_id == owner_id for listener in self._listeners)
        if of_owner >= self._most_of_one_owner or len(self._listeners) >= self._most_listeners:
            raise TooManyRequests(f"{of_owner} of your programs listen already; end one, or follow several jobs by one")
        listener = _Listener(owner_id, frozenset(job_ids))
        if self._closed:
            listener.waiting.put_nowait(None)
        self._listeners.add(listener)
        if self._reading is None:
            self._loop = asyncio.get_running_loop()
            self._reading = asyncio.create_task(self._read(now))
        return listener

    def _dismiss(self, listener: _Listener) -> None:
        self._listeners.discard(listener)
        if not self._listeners and self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def _missed(self, listener: _Listener, told: int) -> AsyncGenerator[Event, None]:
        """What happened before the listener was admitted; what comes later waits in its queue meanwhile."""
        up_to = await to_thread.run_sync(self._events.last_id)
        while told < up_to:
            page = await to_thread.run_sync(
                lambda after: self._events.after(after, listener.owner_id, [*listener.job_ids], up_to), told
            )
            for owned in page:
                yield owned.event
            told = page[-1].event["id"] if page else up_to

    async def _read(self, told: int) -> None:
        while True:
            try:
                page = await to_thread.run_sync(self._events.after, told)
            except Exception:
                log.exception("looking for events failed; trying again")
                page = []
            for owned in page:
                told = owned.event["id"]
                for listener in [*self._listeners]:
                    if not listener.offer(owned):
                        self._listeners.discard(listener)
            if not page:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), _LOOK_SECONDS)
                self._woken.clear()
