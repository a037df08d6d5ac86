"""What the way a child process died says about its attempt."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from voxel51.server.engine.runner import ExitReason
from voxel51.wire.tasks import JobLimits, TaskExit

NEAR_LIMIT = 0.9
"""A crash at this share of the memory limit is taken for a failed allocation that nobody checked."""

FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT})
"""Signals that no program sends itself by mistake; a machine that shuts down sends SIGTERM to all."""


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a child ended: the status of ``wait``, who of us ended it (``asked``, ``wall``, None), what it had used."""

    wait_status: int
    ended_by: str | None
    cpu_seconds: float
    peak_memory_bytes: int
    oom_killed: bool


def classify_exit(death: ExitStatus, limits: JobLimits) -> tuple[ExitReason, int | None, str]:
    """The ending, the exit code where it is EXITED, and a sentence for people."""
    if os.WIFSIGNALED(death.wait_status):
        ending = _by_signal(os.WTERMSIG(death.wait_status), death, limits)
        return ending, None, _sentence(ending, os.WTERMSIG(death.wait_status), death, limits)
    code = os.WEXITSTATUS(death.wait_status)
    if code == TaskExit.OUT_OF_MEMORY:
        return ExitReason.OVER_MEMORY, None, _sentence(ExitReason.OVER_MEMORY, 0, death, limits)
    return ExitReason.EXITED, code, f"The process of the job exited with code {code}."


def _by_signal(number: int, death: ExitStatus, limits: JobLimits) -> ExitReason:
    is_kill = number == signal.SIGKILL
    is_want_of_memory = death.oom_killed if is_kill else death.peak_memory_bytes >= NEAR_LIMIT * limits["memory_bytes"]
    rules = (
        (is_kill and death.ended_by == "asked", ExitReason.STOPPED),
        (is_kill and death.ended_by == "wall", ExitReason.OVER_TIME),
        (number == signal.SIGXCPU, ExitReason.OVER_TIME),
        (is_kill and death.cpu_seconds >= limits["cpu_seconds"], ExitReason.OVER_TIME),
        (is_want_of_memory, ExitReason.OVER_MEMORY),
        (number in FROM_OUTSIDE, ExitReason.LOST),
    )
    return next((ending for applies, ending in rules if applies), ExitReason.CRASHED)


def _sentence(ending: ExitReason, number: int, death: ExitStatus, limits: JobLimits) -> str:
    if ending is ExitReason.STOPPED:
        return "The job was stopped."
    if ending is ExitReason.OVER_MEMORY:
        limit_mib = limits["memory_bytes"] / 2**20
        return f"The job needed more memory than its limit of {limit_mib:.0f} MiB, or than the machine has."
    if ending is ExitReason.OVER_TIME and death.ended_by == "wall":
        return f"The job ran longer than its limit of {limits['wall_seconds']:g} s."
    if ending is ExitReason.OVER_TIME:
        return f"The job used more than its limit of {limits['cpu_seconds']} s of CPU time."
    return f"The process of the job was ended by {_name(number)}."


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


class OomKillCounter:
    """Whether the kernel has ended a process for want of memory since this was last asked.

    The kernel counts for the whole machine and names nobody, so it is asked only after a SIGKILL that was not ours.
    """

    def __init__(self, counters: Path = Path("/proc/vmstat")) -> None:
        self._counters = counters
        self._seen = self._count()

    def has_increased(self) -> bool:
        """Whether the count has grown; false where the kernel keeps none."""
        before, self._seen = self._seen, self._count()
        return self._seen > before

    def _count(self) -> int:
        try:
            lines = self._counters.read_text().splitlines()
        except OSError:
            return 0
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
