"""What time does: expired data and outputs go, and so do stored files that no record refers to."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from voxel51.server.storage.storage import Storage
from voxel51.wire import dates

log = logging.getLogger(__name__)

_ORPHANS_EVERY_SECONDS = 3600.0
"""How long after one search of the storage for orphans the next one is due."""

_ORPHAN_AGE = timedelta(hours=1)
"""A file is written before its record is, so a young file without one is not yet an orphan."""


class Sweeper:
    """One thread that sweeps at start and every ``interval_seconds`` after.

    Several may run at once: sweeping twice changes nothing.
    """

    def __init__(
        self,
        expiries: Sequence[Callable[[], int]],
        storage: Storage,
        keepers: Sequence[Callable[[str], bool]],
        interval_seconds: float,
    ) -> None:
        self._expiries = expiries
        self._storage = storage
        self._keepers = keepers
        self._interval_seconds = interval_seconds
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="sweeper", daemon=True)

    def open(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop; returns when nothing is being swept."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def sweep_orphans(self, age: timedelta = _ORPHAN_AGE) -> int:
        """Delete stored files older than ``age`` that no record refers to; returns how many."""
        before = dates.now() - age
        orphans = 0
        for file in self._storage.files():
            if self._closing.is_set():
                break
            if file.modified_at < before and not any(keeps(file.key) for keeps in self._keepers):
                self._storage.delete(file.key)
                orphans += 1
        return orphans

    def _loop(self) -> None:
        orphans_due = time.monotonic()
        while not self._closing.is_set():
            try:
                for expire in self._expiries:
                    while expire() and not self._closing.is_set():  # each takes only so many at a time
                        pass
                if time.monotonic() >= orphans_due:
                    orphans_due = time.monotonic() + _ORPHANS_EVERY_SECONDS
                    self.sweep_orphans()
            except Exception:
                log.exception("sweeping failed; trying again")
            self._closing.wait(self._interval_seconds)
