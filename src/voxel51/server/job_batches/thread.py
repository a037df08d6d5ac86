"""Batch thread: advances the batches in the background (`voxel51.server.job_batches.advancer`)."""

from collections.abc import Callable

from voxel51.server.background_thread import BackgroundThread
from voxel51.server.job_batches.advancer import BatchAdvancer
from voxel51.wire.backoff import Backoff

_POLL_INTERVAL_SECONDS = 5.0
_LEAST_PAUSE_SECONDS = 0.1
"""Pause after each pass: every write to the database wakes the thread, and may be the end of one of its jobs."""

_AFTER_FAILURE = Backoff(first_seconds=1.0, longest_seconds=30.0)


class BatchThread(BackgroundThread):
    """Background thread. Of several processes, the one that ``leads`` advances the batches."""

    def __init__(self, advancer: BatchAdvancer, leads: Callable[[], bool] = lambda: True) -> None:
        super().__init__(
            "batches",
            "advancing batches",
            _POLL_INTERVAL_SECONDS,
            least_pause_seconds=_LEAST_PAUSE_SECONDS,
            after_failure=_AFTER_FAILURE,
        )
        self._advancer = advancer
        self._leads = leads

    def _run_pass(self, *, is_woken: bool) -> None:  # noqa: ARG002  (all is in the database)
        while self._leads() and self._advancer.advance() and not self._closing.is_set():
            pass
