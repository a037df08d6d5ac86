"""How a job is waited for: often at first, so that short jobs are seen to end at once, then ever more rarely."""

import time
from collections.abc import Callable

from voxel51.wire.jobs import Job
from voxel51.wire.tasks import TaskStatusDocument

JobProgress = Callable[[Job, TaskStatusDocument | None], None]
"""Receives a job and its status whenever they were looked at; the status is None while there is none."""

FIRST_PAUSE_SECONDS = 0.05
GROWTH = 1.5
LAST_LOOK_SECONDS = 1.0


class LookSchedule:
    """When to look at a job, and when to give up. It neither looks nor sleeps.

    Args:
        sleep_time: the longest pause between two looks, in seconds.
        max_wait_time: in seconds, from now. There is a look at its very end.
    """

    def __init__(self, sleep_time: float, max_wait_time: float) -> None:
        self._deadline = time.monotonic() + max_wait_time
        self._longest_pause = sleep_time
        self._pause = min(FIRST_PAUSE_SECONDS, sleep_time)

    def look_seconds(self) -> float:
        """What a look may take: all the time that is left, and at the end a second."""
        return max(self._deadline - time.monotonic(), LAST_LOOK_SECONDS)

    def next_pause(self) -> float | None:
        """Seconds until the next look; None when the time is over."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            return None
        pause = min(self._pause, left)
        self._pause = min(self._pause * GROWTH, self._longest_pause)
        return pause
