"""Preparer: the thread that lets the preparation of videos go on (`voxel51.server.renditions.preparation`)."""

from collections.abc import Callable

from voxel51.server.background_thread import BackgroundThread
from voxel51.server.renditions.preparation import PreparationService
from voxel51.wire.backoff import Backoff

_POLL_INTERVAL_SECONDS = 5.0
_LEAST_PAUSE_SECONDS = 0.1
"""Pause after each pass: every write to the database wakes the thread, and may be one that ends its rendition."""

_AFTER_FAILURE = Backoff(first_seconds=1.0, longest_seconds=30.0)


class Preparer(BackgroundThread):
    """Background thread. Of several processes, the one that ``leads`` prepares."""

    def __init__(self, preparations: PreparationService, leads: Callable[[], bool] = lambda: True) -> None:
        super().__init__(
            "preparer",
            "preparing renditions",
            _POLL_INTERVAL_SECONDS,
            least_pause_seconds=_LEAST_PAUSE_SECONDS,
            after_failure=_AFTER_FAILURE,
        )
        self._leads = leads
        self._preparations = preparations

    def _run_pass(self, *, is_woken: bool) -> None:
        if not is_woken:
            self._preparations.note_waiting()  # another process may have added a video
        if not self._leads():
            self._preparations.abandon()
        while self._leads() and self._preparations.advance() and not self._closing.is_set():
            pass
