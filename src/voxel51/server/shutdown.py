"""Shutdown: stop the platform at once, or after its running jobs have finished (drain)."""

import asyncio
import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.2


class Shutdown:
    """Order of stopping, in the event loop. While it drains, requests are served and new jobs wait in the queue.

    Args:
        drain: start no more jobs; those that run go on.
        is_idle: whether no job runs.
        stop: stop everything, and requeue the jobs that still run.
    """

    def __init__(self, drain: Callable[[], None], is_idle: Callable[[], bool], stop: Callable[[], None]) -> None:
        self._drain = drain
        self._is_idle = is_idle
        self._stop = stop
        self._draining: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Stop at once. Jobs that run are stopped, and run again after the next start."""
        if self._draining is not None:
            self._draining.cancel()
        self._stop()

    def drain(self, seconds: float | None) -> None:
        """Stop once no job runs, or after ``seconds`` (None: no limit). A second call stops at once."""
        if self._draining is not None or seconds == 0:
            self.stop()
            return
        log.info("stopping once the running jobs have finished%s", "" if seconds is None else f", or in {seconds:g} s")
        self._drain()
        self._draining = asyncio.get_running_loop().create_task(self._stop_when_idle(seconds))

    async def _stop_when_idle(self, seconds: float | None) -> None:
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self._is_idle():
            if deadline is not None and time.monotonic() >= deadline:
                log.warning(
                    "the running jobs have not finished in %g s: they are stopped, and run again later", seconds
                )
                break
            await asyncio.sleep(_POLL_SECONDS)
        self._stop()
