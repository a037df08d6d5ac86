"""Snapshots: results over very many rows, which are kept for some seconds instead of computed for each request."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_MAX_SNAPSHOTS = 100
LARGE = 10_000
"""Number of rows from which a result is kept."""

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Snapshots(Generic[KeyT, ValueT]):
    """Results by key. Those that were computed from few rows are not kept, so that they are always current.

    Args:
        rows_of: returns from how many rows a result was computed.
        seconds: how long a result from more than `LARGE` rows is used again.
        clock: seconds, on any scale.
    """

    def __init__(
        self, rows_of: Callable[[ValueT], int], seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rows_of = rows_of
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[KeyT, tuple[float, ValueT]] = OrderedDict()

    def get(self, key: KeyT, compute: Callable[[], ValueT]) -> ValueT:
        """Return the result for ``key``: the one that is kept, or what ``compute`` returns. Do not change it."""
        with self._lock:
            until, value = self._kept.get(key, (None, None))
        if until is not None and value is not None and self._clock() < until:
            return value
        computed = compute()
        if self._rows_of(computed) > LARGE:
            self._keep(key, computed)
        return computed

    def _keep(self, key: KeyT, value: ValueT) -> None:
        with self._lock:
            self._kept[key] = self._clock() + self._seconds, value
            self._kept.move_to_end(key)
            if len(self._kept) > _MAX_SNAPSHOTS:
                self._kept.popitem(last=False)
