"""Cleanup: delete expired data and outputs, and stored files that no record refers to (orphans)."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from voxel51.server.background_thread import BackgroundThread
from voxel51.server.errors import ServiceError
from voxel51.server.storage.storage import Storage
from voxel51.wire import dates

log = logging.getLogger(__name__)

_ORPHAN_SCAN_INTERVAL_SECONDS = 3600.0

_ORPHAN_AGE = timedelta(hours=1)
"""Minimum age of an orphan. A file is written before its record, so a young file without one may still get it."""


class Sweeper(BackgroundThread):
    """Background thread that deletes what has expired, at start and every ``interval_seconds`` after.

    Of several processes, the one that leads sweeps. Two at once do no harm: every sweep can be repeated without effect.

    Args:
        deletions: functions that each process one batch of what does not depend on the date, and return how many there
            were: deletions by users that take longer than a request, and changes to add to totals.
        expiries: the same for what has expired.
        storage: where the files are.
        keepers: functions that each return whether a record refers to a storage key.
        interval_seconds: pause between two sweeps.
        allows_expiry: function that returns whether the clock may be believed; nothing expires while it may not.
        leads: function that returns whether this process leads.
    """

    def __init__(
        self,
        deletions: Sequence[Callable[[], int]],
        expiries: Sequence[Callable[[], int]],
        storage: Storage,
        keepers: Sequence[Callable[[str], bool]],
        interval_seconds: float,
        allows_expiry: Callable[[], bool],
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__("sweeper", "sweeping", interval_seconds)
        self._deletions = deletions
        self._expiries = expiries
        self._storage = storage
        self._keepers = keepers
        self._allows_expiry = allows_expiry
        self._leads = leads
        self._orphans_due = time.monotonic()

    def open(self) -> None:
        """Start the thread."""
        with suppress(ServiceError):  # the database is away: the thread tries again
            self._allows_expiry()  # before the first request, because requests ask for the result
        super().open()

    def sweep_orphans(self, age: timedelta = _ORPHAN_AGE) -> int:
        """Delete stored files older than ``age`` that no record refers to; return how many.

        These are files of requests that a crash interrupted, and files that could not be deleted with their record.
        """
        before = dates.now() - age
        orphans = 0
        for file in self._storage.files():
            if self._closing.is_set():
                break
            if file.modified_at < before and not any(keeps(file.key) for keeps in self._keepers):
                orphans += self._storage.delete(file.key)
        return orphans

    def _run_pass(self, *, is_woken: bool) -> None:  # noqa: ARG002  (nothing wakes it)
        is_believed = self._allows_expiry()
        if not self._leads():
            return
        self._run(self._deletions)
        if not is_believed:
            return
        self._run(self._expiries)
        if time.monotonic() >= self._orphans_due:
            self._orphans_due = time.monotonic() + _ORPHAN_SCAN_INTERVAL_SECONDS
            self.sweep_orphans()

    def _run(self, cleanups: Sequence[Callable[[], int]]) -> None:
        for clean_up in cleanups:
            # Each call deletes one bounded batch, so that no transaction holds the write lock for long.
            while clean_up() and not self._closing.is_set():
                pass
