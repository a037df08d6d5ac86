"""Exit status of a child process: classify why an attempt ended from its wait status and resource usage."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from voxel51.runners.interface import ExitReason
from voxel51.wire.tasks import JobLimits, TaskExit

NEAR_LIMIT = 0.9
"""Share of the memory limit above which a crash counts as a failed allocation that the program did not check."""

EXTERNAL_SIGNALS = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT})
"""Signals that a program does not send itself by mistake; a machine that shuts down sends SIGTERM to all processes."""


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """Exit status of one child, as its zygote observed it.

    Attributes:
        wait_status: status as ``wait`` returned it.
        killed_by: why the zygote killed the child: ``asked`` (on request), ``wall`` (wall time limit), or None.
        cpu_seconds: CPU time that the child used.
        peak_memory_bytes: largest memory that the child used.
        oom_killed: whether the kernel killed a process for lack of memory at about that time.
    """

    wait_status: int
    killed_by: str | None
    cpu_seconds: float
    peak_memory_bytes: int
    oom_killed: bool


def classify_exit(status: ExitStatus, limits: JobLimits) -> tuple[ExitReason, int | None, str]:
    """Return the exit reason, the exit code (None unless EXITED), and a sentence for users."""
    if os.WIFSIGNALED(status.wait_status):
        number = os.WTERMSIG(status.wait_status)
        reason = _reason_of_signal(number, status, limits)
        return reason, None, _sentence(reason, number, status, limits)
    code = os.WEXITSTATUS(status.wait_status)
    if code == TaskExit.OUT_OF_MEMORY:
        return ExitReason.OVER_MEMORY, None, _sentence(ExitReason.OVER_MEMORY, 0, status, limits)
    if code in _LIMIT_EXITS:
        return ExitReason.OVER_LIMIT, None, _LIMIT_EXITS[TaskExit(code)].format_map(_Amounts(limits))
    return ExitReason.EXITED, code, f"The process of the job exited with code {code}."


_LIMIT_EXITS = {
    TaskExit.TOO_MANY_PROCESSES: "The job had more than its limit of {processes} processes and threads at once.",
    TaskExit.SCRATCH_FULL: "The job kept more files than its limits of {scratch_bytes} and {scratch_files} files.",
    TaskExit.WROTE_TOO_MUCH: "The job wrote more than its limit of {written_bytes} to disk.",
}


class _Amounts(dict[str, str]):
    """Limits by name, as texts with units."""

    def __init__(self, limits: JobLimits) -> None:
        super().__init__({name: _amount(name, value) for name, value in limits.items()})

    def __missing__(self, name: str) -> str:
        return "unlimited"


def _amount(name: str, value: object) -> str:
    return f"{int(str(value)) / 2**20:.0f} MiB" if name.endswith("_bytes") else str(value)


def _reason_of_signal(number: int, status: ExitStatus, limits: JobLimits) -> ExitReason:
    is_kill = number == signal.SIGKILL
    # A SIGKILL during an OOM kill is taken for that kill. Any other signal near the memory limit is taken for the crash
    # that follows a failed allocation.
    is_near_limit = status.peak_memory_bytes >= NEAR_LIMIT * limits["memory_bytes"]
    is_out_of_memory = status.oom_killed if is_kill else is_near_limit
    # The first rule that applies decides. The kernel sends SIGXCPU at the soft CPU limit and SIGKILL at the hard one.
    rules = (
        (is_kill and status.killed_by == "asked", ExitReason.STOPPED),
        (is_kill and status.killed_by == "wall", ExitReason.OVER_TIME),
        (number == signal.SIGXCPU, ExitReason.OVER_TIME),
        (is_kill and status.cpu_seconds >= limits["cpu_seconds"], ExitReason.OVER_TIME),
        (is_out_of_memory, ExitReason.OVER_MEMORY),
        (number in EXTERNAL_SIGNALS, ExitReason.LOST),
    )
    return next((reason for applies, reason in rules if applies), ExitReason.CRASHED)


def _sentence(reason: ExitReason, number: int, status: ExitStatus, limits: JobLimits) -> str:
    if reason is ExitReason.STOPPED:
        return "The job was stopped."
    if reason is ExitReason.OVER_MEMORY:
        limit_mib = limits["memory_bytes"] / 2**20
        return f"The job needed more memory than its limit of {limit_mib:.0f} MiB, or than the machine has."
    if reason is ExitReason.OVER_TIME and status.killed_by == "wall":
        return f"The job ran longer than its limit of {limits['wall_seconds']:g} s."
    if reason is ExitReason.OVER_TIME:
        return f"The job used more than its limit of {limits['cpu_seconds']} s of CPU time."
    return f"The process of the job was ended by {_signal_name(number)}."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # real-time signals have no name
        return f"signal {number}"


class OomKillCounter:
    """Counter of the processes that the kernel has killed for lack of memory.

    The kernel counts for the whole machine and does not name the process, so the counter is read only after a SIGKILL
    that the zygote did not send, of a job without a control group that counts for it alone.
    """

    def __init__(self, counters: Path = Path("/proc/vmstat")) -> None:
        self._counters = counters
        self._last = self._read()

    def has_increased(self) -> bool:
        """Return whether the count has increased since the last call; False where the kernel has no such counter."""
        before, self._last = self._last, self._read()
        return self._last > before

    def _read(self) -> int:
        try:
            lines = self._counters.read_text().splitlines()
        except OSError:
            return 0
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
