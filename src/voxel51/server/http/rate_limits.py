"""Rate limits: token buckets in memory, one for each caller or network."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from starlette.requests import Request

from voxel51.server.errors import TooManyRequests

_MAX_BUCKETS = 100_000
"""Beyond this number the bucket that was used longest ago is dropped, and its caller starts with a full one."""

LONGEST_PAUSE_SECONDS = 5.0
"""Longest time for which `Pacer` delays a request."""


class _Buckets:
    """Token buckets of callers: each holds ``burst`` tokens at most and gets ``per_second`` new ones."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = max(burst, 1.0)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # caller -> tokens left, as of when

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, caller: str, cost: float, least: float) -> float:
        """Take ``cost`` tokens from the bucket of a caller if it has ``least``; return how many it had."""
        now = self._clock()
        with self._lock:
            tokens, since = self._buckets.pop(caller, (self._burst, now))
            tokens = min(self._burst, tokens + (now - since) * self._per_second)
            self._buckets[caller] = (tokens - cost if tokens >= least else tokens, now)  # at the end: used last
            if len(self._buckets) > _MAX_BUCKETS:
                self._buckets.popitem(last=False)
        return tokens


class RateLimiter:
    """Allows each caller ``per_second`` requests on average and ``burst`` at once; a rate of 0 allows any number.

    ``tell_others`` is called with each caller that is counted, and leads to `charge` in other processes.
    """

    def __init__(
        self,
        per_second: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
        tell_others: Callable[[str], None] | None = None,
    ) -> None:
        self._tell_others = tell_others
        self._per_second = per_second
        self._buckets = _Buckets(per_second, burst, clock)

    def take(self, caller: str, noun: str) -> None:
        """Count one request of ``caller``.

        Raises:
            TooManyRequests: the bucket is empty. The request does not count; the error says when to try again, and
                calls the requests ``noun``.
        """
        self.check(caller, noun, cost=1.0)
        if self._tell_others is not None and self._per_second:
            self._tell_others(caller)

    def charge(self, caller: str) -> None:
        """Count one request of ``caller`` that another process has served."""
        with suppress(TooManyRequests):
            self.check(caller, "requests", cost=1.0)

    def check(self, caller: str, noun: str, cost: float = 0.0) -> None:
        """Raise as `take` does if ``caller`` has no request left, without counting one."""
        if not self._per_second:
            return
        tokens = self._buckets.take(caller, cost, least=1.0)
        if tokens < 1.0:
            wait = max(1, round((1.0 - tokens) / self._per_second + 0.5))
            raise TooManyRequests(f"Too many {noun}; try again in {wait} s", wait)


def client_network(request: Request) -> str:
    """Return an IPv4 client's address, or an IPv6 client's /64 network: one host may have all of its addresses."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


class Pacer:
    """Slows callers down to ``per_second`` units on average, after ``burst`` at once; a rate of 0 lets all pass.

    A caller that sends one request after the other is answered later, never refused. More requests at the same time
    than can pass within `LONGEST_PAUSE_SECONDS` are refused.
    """

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._buckets = _Buckets(per_second, burst, clock)

    def pause(self, caller: str, cost: float) -> float:
        """Count a request and return the seconds until it may be served.

        Raises:
            TooManyRequests: others of the caller wait already. The request does not count.
        """
        if not self._per_second:
            return 0.0
        least = -LONGEST_PAUSE_SECONDS * self._per_second
        units = self._buckets.take(caller, cost, least)
        pause = max(0.0, -units / self._per_second)  # until earlier requests are paid for
        if units < least:
            wait = round(pause + 0.5)
            raise TooManyRequests(f"This job sends too many requests at the same time; try again in {wait} s", wait)
        return pause
