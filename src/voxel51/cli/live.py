"""Live progress display: lines updated in place on a terminal, plain lines elsewhere."""

import shutil
import sys
import time
from typing import TextIO

from voxel51.cli.printing import printable
from voxel51.wire.jobs import JobRecord
from voxel51.wire.tasks import TaskStatusDocument

BAR_WIDTH = 24
PLAIN_STEP = 0.25
"""Without a terminal, a line is printed again when its fraction has grown by this amount."""

_LONGEST_NAME = 20
_SHORT_ID = 8


class ProgressDisplay:
    """One line per running task, in the order of their first appearance."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._in_place = self._stream.isatty()
        self._lines: dict[str, str] = {}
        self._milestones: dict[str, tuple[str, int]] = {}

    def show(self, name: str, stage: str, fraction: float | None, detail: str = "", key: str = "") -> None:
        """Show task ``name`` in ``stage`` with ``fraction`` done (0 to 1; None if unknown).

        ``key`` distinguishes tasks of the same name. Control characters are removed from all texts.
        """
        line = printable(f"  {name:<16} {stage:<9} {_bar(fraction)} {detail}".rstrip())
        size = shutil.get_terminal_size()
        if self._in_place and len(self._lines) < size.lines - 1:
            self._redraw(key or name, line[: size.columns - 1])
        elif self._has_reached_milestone(key or name, stage, fraction):
            self._print(line)

    def say(self, text: str = "") -> None:
        """Print ``text`` below the current lines, which are no longer updated."""
        self._lines.clear()
        self._print(text)

    def _redraw(self, key: str, line: str) -> None:
        if self._lines:
            self._stream.write(f"\x1b[{len(self._lines)}A")
        self._lines[key] = line
        for each in self._lines.values():
            self._stream.write(f"\r\x1b[2K{each}\n")
        self._stream.flush()

    def _has_reached_milestone(self, key: str, stage: str, fraction: float | None) -> bool:
        milestone = (stage, int((fraction or 0.0) / PLAIN_STEP))
        known = self._milestones.get(key)
        self._milestones[key] = milestone
        return milestone != known

    def _print(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class JobProgressDisplay:
    """One line per job: start of the id, name, state, progress, remaining time and last message."""

    def __init__(self, display: ProgressDisplay) -> None:
        self._display = display
        self._first_progress: dict[str, tuple[float, float]] = {}

    def __call__(self, job: JobRecord, status: TaskStatusDocument | None) -> None:
        """Show the state and progress of a job."""
        fraction, message = fraction_of(job, status), message_of(status)
        left = self._seconds_left(job["id"], fraction) if job["state"] == "RUNNING" else None
        details = [] if left is None else [f"about {duration(left)} left"]
        details += [message] if message else []
        name = f"{job['id'][:_SHORT_ID]}  {job['name'][:_LONGEST_NAME]:<{_LONGEST_NAME}}"
        self._display.show(name, job["state"].lower(), fraction, ", ".join(details), key=job["id"])

    def _seconds_left(self, job_id: str, fraction: float | None) -> float | None:
        """Estimate the remaining time from the progress since the first call; None before any progress."""
        if fraction is None:
            return None
        now = time.monotonic()
        start, start_fraction = self._first_progress.setdefault(job_id, (now, fraction))
        if now <= start or fraction <= start_fraction:
            return None
        return (now - start) / (fraction - start_fraction) * (1 - fraction)


def fraction_of(job: JobRecord, status: TaskStatusDocument | None) -> float | None:
    """Return the completed fraction of a job, 0 to 1; None if unknown."""
    if job["state"] == "COMPLETE":
        return 1.0
    return None if status is None else status.get("progress", {}).get("fraction")


def message_of(status: TaskStatusDocument | None) -> str:
    """Return the last message of a job, or an empty string."""
    if status is None:
        return ""
    messages = status.get("messages") or []
    return status.get("progress", {}).get("message") or (messages[-1]["message"] if messages else "")


def duration(seconds: float) -> str:
    """Format a duration in seconds, such as ``3 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def _bar(fraction: float | None) -> str:
    if fraction is None:
        return " " * (BAR_WIDTH + 5)
    full = round(fraction * BAR_WIDTH)
    return f"{'█' * full}{'░' * (BAR_WIDTH - full)} {fraction:4.0%}"
