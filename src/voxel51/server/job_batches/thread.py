"""Batch thread: advances the batches in the background (`voxel51.server.job_batches.advancer`)."""

import logging
import threading
from collections.abc import Callable

from voxel51.server.errors import DatabaseAway, ServiceError
from voxel51.server.job_batches.advancer import BatchAdvancer
from voxel51.wire.backoff import Backoff

log = logging.getLogger(__name__)

_POLL_INTERVAL_SECONDS = 5.0
_LEAST_PAUSE_SECONDS = 0.1
"""Pause after each pass: every write to the database wakes the thread, and may be the end of one of its jobs."""

_AFTER_FAILURE = Backoff(first_seconds=1.0, longest_seconds=30.0)


class BatchThread:
    """Background thread. Of several processes, the one that ``leads`` advances the batches."""

    def __init__(self, advancer: BatchAdvancer, leads: Callable[[], bool] = lambda: True) -> None:
        self._advancer = advancer
        self._leads = leads
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="batches", daemon=True)

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
                while self._leads() and self._advancer.advance() and not self._closing.is_set():
                    pass
                failures = 0
            except Exception as error:
                if not isinstance(error, DatabaseAway):  # which the database logs, once
                    reason = str(error) if isinstance(error, ServiceError) else "unexpected error"
                    log.warning("advancing batches failed; retrying: %s", reason, exc_info=error)
                self._closing.wait(_AFTER_FAILURE.seconds(failures))
                failures += 1
                continue
            self._closing.wait(_LEAST_PAUSE_SECONDS)
            self._woken.wait(_POLL_INTERVAL_SECONDS)
            self._woken.clear()
