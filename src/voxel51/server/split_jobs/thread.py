"""Split thread: advances the split jobs in the background (`voxel51.server.split_jobs.advancer`)."""

from voxel51.server.background_thread import BackgroundThread
from voxel51.server.split_jobs.advancer import SplitAdvancer
from voxel51.wire.backoff import Backoff

_POLL_INTERVAL_SECONDS = 2.0
_LEAST_PAUSE_SECONDS = 0.1
"""Pause after each pass: every write to the database wakes the thread, and may be the end of a part."""

_AFTER_FAILURE = Backoff(first_seconds=1.0, longest_seconds=30.0)


class SplitThread(BackgroundThread):
    """Background thread. Those of several processes may run at the same time: each step looks again under a lock."""

    def __init__(self, advancer: SplitAdvancer) -> None:
        super().__init__(
            "split jobs",
            "advancing split jobs",
            _POLL_INTERVAL_SECONDS,
            least_pause_seconds=_LEAST_PAUSE_SECONDS,
            after_failure=_AFTER_FAILURE,
        )
        self._advancer = advancer

    def _run_pass(self, *, is_woken: bool) -> None:  # noqa: ARG002  (all is in the database)
        self._advancer.advance()
