"""Preparer: the thread that lets the preparation of videos go on (`voxel51.server.renditions.preparation`)."""

import logging
import threading
from collections.abc import Callable

from voxel51.server.errors import DatabaseAway
from voxel51.server.renditions.preparation import PreparationService
from voxel51.wire.backoff import Backoff

log = logging.getLogger(__name__)

_POLL_INTERVAL_SECONDS = 5.0
_LEAST_PAUSE_SECONDS = 0.1
"""Pause after each pass: every write to the database wakes the thread, and may be one that ends its rendition."""

_AFTER_FAILURE = Backoff(first_seconds=1.0, longest_seconds=30.0)


class Preparer:
    """Background thread. All state is in the database, so the process may die at any moment.

    Of several processes, the one that ``leads`` prepares.
    """

    def __init__(self, preparations: PreparationService, leads: Callable[[], bool] = lambda: True) -> None:
        self._leads = leads
        self._preparations = preparations
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="preparer", daemon=True)

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Start the next pass soon. Cheap, and safe from any thread."""
        self._woken.set()

    def close(self) -> None:
        """Stop the thread."""
        self._closing.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _loop(self) -> None:
        failures = 0
        while not self._closing.is_set():
            try:
                if not self._leads():
                    self._preparations.abandon()
                while self._leads() and self._preparations.advance() and not self._closing.is_set():
                    pass
                failures = 0
            except Exception as error:
                if not isinstance(error, DatabaseAway):  # which the database logs, once
                    log.exception("preparing renditions failed; retrying")
                self._closing.wait(_AFTER_FAILURE.seconds(failures))
                failures += 1
                continue
            self._closing.wait(_LEAST_PAUSE_SECONDS)
            if not self._woken.wait(_POLL_INTERVAL_SECONDS):
                self._preparations.note_waiting()  # another process may have added a video
            self._woken.clear()
