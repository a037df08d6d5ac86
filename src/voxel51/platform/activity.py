"""Activity of this job: report regularly what it uses and what it has printed, while it runs."""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from voxel51.platform import job_log
from voxel51.transport.errors import APIError
from voxel51.wire.activity import MAX_LOG_CHARACTERS, ActivityReport

logger = logging.getLogger(__name__)

_MEMORY = Path("/proc/self/statm")
_RESIDENT_COLUMN = 1


class ActivityReporter:
    """Thread that reports the activity of this process until it is closed.

    A short job ends before the first report. What cannot be sent is left out: the job goes on.

    Args:
        send: sends a report; raises `APIError` if that fails.
        interval_seconds: time between two reports.
        frames_done: returns how many frames are done; None while the job has reported none.
    """

    def __init__(
        self, send: Callable[[ActivityReport], None], interval_seconds: float, frames_done: Callable[[], int | None]
    ) -> None:
        self._send = send
        self._interval_seconds = interval_seconds
        self._frames_done = frames_done
        self._log_position = 0
        self._last = (time.monotonic(), _cpu_seconds(), frames_done())
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="activity", daemon=True)

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Send no more reports. A report that is being sent may still arrive."""
        self._closing.set()

    def _loop(self) -> None:
        while not self._closing.wait(self._interval_seconds):
            try:
                self._send(self.report())
            except APIError as error:
                logger.debug("the activity could not be reported: %s", error)

    def report(self) -> ActivityReport:
        """Return the report about the time since the last one."""
        (then, cpu_then, frames_then), now, cpu, frames = (
            self._last,
            time.monotonic(),
            _cpu_seconds(),
            self._frames_done(),
        )
        self._last = now, cpu, frames
        elapsed = max(now - then, 1e-3)
        report: ActivityReport = {"cpu": max(0.0, cpu - cpu_then) / elapsed, "memory_bytes": _memory_bytes()}
        if frames is not None:
            report["frames_per_second"] = max(0, frames - (frames_then or 0)) / elapsed
        self._log_position, text = job_log.since(self._log_position, MAX_LOG_CHARACTERS)
        if text:
            report["log"] = text
        return report


def _cpu_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _memory_bytes() -> int:
    try:
        return int(_MEMORY.read_text(encoding="ascii").split()[_RESIDENT_COLUMN]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
