"""How often somebody may ask: buckets of tokens that fill again with time, in memory."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import Request

from voxel51.server.errors import TooManyRequests

_MOST_BUCKETS = 100_000
"""More callers than this at once are not told apart for ever: who asked longest ago starts with a full bucket again."""


class Rate:
    """``per_second`` requests on average, ``burst`` of them at once, for each of many; a rate of 0 limits nobody."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = max(burst, 1.0)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, what: str) -> None:
        """Count one request of ``who``.

        Raises:
            TooManyRequests: it is one too many of ``what``; it does not count, and says when there may be another.
        """
        self.check(who, what, cost=1.0)

    def check(self, who: str, what: str, cost: float = 0.0) -> None:
        """Pass silently while ``who`` may ask once more; raises as `take`."""
        if not self._per_second:
            return
        now = self._clock()
        with self._lock:
            left, since = self._buckets.pop(who, (self._burst, now))
            left = min(self._burst, left + (now - since) * self._per_second)
            may = left >= 1.0
            self._buckets[who] = (left - cost if may else left, now)
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
        if not may:
            wait = max(1, round((1.0 - left) / self._per_second + 0.5))
            raise TooManyRequests(f"Too many {what}; try again in {wait} s", wait)


def address_of(request: Request) -> str:
    """What tells hosts apart: an IPv4 address, or the network of an IPv6 one, which has any number of addresses."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
