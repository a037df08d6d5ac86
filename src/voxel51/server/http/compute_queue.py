"""Compute queue: run functions of requests that need much processor time, without holding request workers.

Such functions hash passwords, and apply reviews to labels.

Anyone may cause such work, so the queue is short and shared fairly: a request that finds it full is rejected at once,
and requests from one network cannot fill it for all others.
"""

import asyncio
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from voxel51.server.errors import TooManyRequests

Result = TypeVar("Result")

_WAIT_SECONDS = 1
_NICENESS = 5
"""Lower priority than that of the event loop and the request workers, but a fair share beside busy jobs."""


class ComputeQueue:
    """Runs functions in ``threads`` threads of their own; at most ``capacity`` run or wait at the same time.

    One network may have half of the capacity. All methods are called in the event loop, so no lock is needed.
    """

    def __init__(self, threads: int, capacity: int = 16) -> None:
        self._executor = ThreadPoolExecutor(threads, "compute", initializer=_lower_priority)
        self._capacity = capacity
        self._pending: Counter[str] = Counter()

    async def run(self, network: str, compute: Callable[[], Result]) -> Result:
        """Return the result of ``compute`` for a request from ``network``.

        Raises:
            TooManyRequests: the queue, or the half of it that one network may have, is full.
        """
        if self._pending.total() >= self._capacity or self._pending[network] >= max(1, self._capacity // 2):
            raise TooManyRequests(
                f"Too many such requests are being worked on at the same time; try again in {_WAIT_SECONDS} s",
                _WAIT_SECONDS,
            )
        self._pending[network] += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, compute)
        finally:
            self._pending[network] -= 1
            self._pending += Counter()  # removes networks without pending work


def _lower_priority() -> None:
    if sys.platform == "linux":  # where a priority belongs to a thread, and threads that it starts inherit it
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
