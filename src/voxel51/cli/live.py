"""What is said while work goes on: lines that change in place on a terminal, plain lines elsewhere."""

import shutil
import sys
import time
from typing import TextIO

from voxel51.wire.jobs import JobRecord
from voxel51.wire.tasks import TaskStatusDocument

BAR_WIDTH = 24
PLAIN_STEP = 0.25
"""Without a terminal, a bar is printed again whenever it has grown by this fraction."""

_LONGEST_NAME = 20
_SHORT_ID = 8


class Board:
    """One line for each thing that is going on, in the order in which they were first shown."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._in_place = self._stream.isatty()
        self._lines: dict[str, str] = {}
        self._milestones: dict[str, tuple[str, int]] = {}

    def show(self, name: str, stage: str, fraction: float | None, detail: str = "", key: str = "") -> None:
        """Say that ``name`` is in ``stage`` and done to ``fraction`` (0 to 1; None while unknown).

        ``key`` tells things of one name apart. What cannot be printed is left out of all texts.
        """
        line = harmless(f"  {name:<16} {stage:<9} {_bar(fraction)} {detail}".rstrip())
        size = shutil.get_terminal_size()
        if self._in_place and len(self._lines) < size.lines - 1:
            self._redraw(key or name, line[: size.columns - 1])
        elif self._is_news(key or name, stage, fraction):
            self._print(line)

    def say(self, text: str = "") -> None:
        """Print ``text`` below what is shown; those lines no longer change."""
        self._lines.clear()
        self._print(text)

    def _redraw(self, key: str, line: str) -> None:
        if self._lines:
            self._stream.write(f"\x1b[{len(self._lines)}A")
        self._lines[key] = line
        for each in self._lines.values():
            self._stream.write(f"\r\x1b[2K{each}\n")
        self._stream.flush()

    def _is_news(self, key: str, stage: str, fraction: float | None) -> bool:
        milestone = (stage, int((fraction or 0.0) / PLAIN_STEP))
        known = self._milestones.get(key)
        self._milestones[key] = milestone
        return milestone != known

    def _print(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class JobBoard:
    """A line for each job: how its id begins, its name and state, how far it is, the time left, what it said last."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._begun: dict[str, tuple[float, float]] = {}

    def __call__(self, job: JobRecord, status: TaskStatusDocument | None) -> None:
        """Show where a job stands."""
        fraction, said = fraction_of(job, status), message_of(status)
        left = self._seconds_left(job["id"], fraction) if job["state"] == "RUNNING" else None
        words = [] if left is None else [f"about {duration(left)} left"]
        words += [said] if said else []
        name = f"{job['id'][:_SHORT_ID]}  {job['name'][:_LONGEST_NAME]:<{_LONGEST_NAME}}"
        self._board.show(name, job["state"].lower(), fraction, ", ".join(words), key=job["id"])

    def _seconds_left(self, job_id: str, fraction: float | None) -> float | None:
        """By what was done since it was first looked at; None before anything was."""
        if fraction is None:
            return None
        now = time.monotonic()
        began, begun_at = self._begun.setdefault(job_id, (now, fraction))
        if now <= began or fraction <= begun_at:
            return None
        return (now - began) / (fraction - begun_at) * (1 - fraction)


def fraction_of(job: JobRecord, status: TaskStatusDocument | None) -> float | None:
    """How much of a job is done, 0 to 1; None where nobody knows."""
    if job["state"] == "COMPLETE":
        return 1.0
    return None if status is None else status.get("progress", {}).get("fraction")


def message_of(status: TaskStatusDocument | None) -> str:
    """What a job said last; empty where it said nothing."""
    if status is None:
        return ""
    messages = status.get("messages") or []
    return status.get("progress", {}).get("message") or (messages[-1]["message"] if messages else "")


def duration(seconds: float) -> str:
    """Seconds as people say it."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def harmless(text: str) -> str:
    """``text`` without what moves a terminal's cursor, or worse."""
    return "".join(each if each.isprintable() else " " for each in text)


def _bar(fraction: float | None) -> str:
    if fraction is None:
        return " " * (BAR_WIDTH + 5)
    full = round(fraction * BAR_WIDTH)
    return f"{'█' * full}{'░' * (BAR_WIDTH - full)} {fraction:4.0%}"
