"""Start gate: decide whether jobs may be started now, and tell why not.

Jobs wait in the queue, in their order, while the disk has less free space than its reserve, and for a growing time
after attempts that could not be started. The causes lie outside of any job (a full disk, no process ids left): starting
job after job would only use them up.
"""

import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from voxel51.wire.backoff import Backoff

log = logging.getLogger(__name__)

AFTER_FAILED_START = Backoff(first_seconds=1.0, longest_seconds=60.0)
"""Pauses after attempts that could not be started. The first attempt after a pause is a trial, alone."""

_FORGET_SECONDS = 600.0
"""Time without a failed start after which the pauses begin from the first one again."""

_MEGABYTE = 10**6


class StartGate:
    """Whether jobs may be started. Only the dispatcher's thread changes it; any thread may read `reason`.

    Args:
        folder: a folder on the disk that jobs write to.
        reserve_bytes: free bytes below which no job is started; 0: the disk is not checked.
        refusal: why this machine must not run jobs at all; None: it may.
        clock: seconds on a monotonic clock.
    """

    def __init__(
        self,
        folder: Path,
        reserve_bytes: int,
        refusal: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._refusal = refusal
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._clock = clock
        self._failures = 0
        self._failure = ""
        self._failed_at = 0.0
        self._retry_at = 0.0
        self._reason: str | None = None

    @property
    def reason(self) -> str | None:
        """Reason why no job is started, as `available` found it; None while jobs are started."""
        return self._reason

    def available(self, free_slots: int) -> int:
        """Return how many of ``free_slots`` jobs may be started now."""
        self._set_reason(self._obstacle())
        if self._reason is not None:
            return 0
        return min(free_slots, 1) if self._failures else free_slots

    def failed(self, failure: str) -> None:
        """Note an attempt that could not be started. Several of one trial count as one."""
        now = self._clock()
        if now < self._retry_at:
            return
        self._failures = 0 if now > self._failed_at + _FORGET_SECONDS else self._failures
        self._failure, self._failed_at = failure, now
        self._retry_at = now + AFTER_FAILED_START.seconds(self._failures)
        self._failures += 1

    def succeeded(self) -> None:
        """Note an attempt that was started and has ended by itself: the machine can run jobs."""
        self._failures = 0
        self._retry_at = 0.0

    def _obstacle(self) -> str | None:
        return self._refusal or self._low_disk() or self._recent_failure()

    def _low_disk(self) -> str | None:
        if not self._reserve_bytes:
            return None
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            return f"the free space of the disk is unknown: {error.strerror}"
        if free >= self._reserve_bytes:
            return None
        return (
            f"the disk has {free // _MEGABYTE} MB free, less than its reserve of "
            f"{self._reserve_bytes // _MEGABYTE} MB (disk_reserve_bytes)"
        )

    def _recent_failure(self) -> str | None:
        if self._clock() >= self._retry_at:
            return None
        return f"starting jobs failed {self._failures} times in a row: {self._failure}"

    def _set_reason(self, reason: str | None) -> None:
        if reason is not None and self._reason is None:
            log.warning("no jobs are started: %s", reason)
        elif reason is None and self._reason is not None:
            log.info("jobs are started again")
        self._reason = reason
