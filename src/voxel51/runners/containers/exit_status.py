"""Exit status of a container: classify why an attempt ended from what the engine reports and what the runner did."""

import os
import signal
from dataclasses import dataclass
from enum import Enum

from voxel51.runners.containers.policy import CPU_GRACE_SECONDS
from voxel51.runners.interface import ExitReason
from voxel51.wire.tasks import JobLimits, TaskExit

_SIGNALLED = 128
SIGKILL_CODE = _SIGNALLED + signal.SIGKILL
_EXTERNAL_SIGNALS = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT})
_IMAGE_ERRORS = (
    "executable file not found", "no such file or directory", "exec format error", "permission denied",
    "no command specified", "is a directory", "unable to find user", "no matching entries in passwd",
)  # fmt: skip
"""Texts with which engines blame the image for a container that cannot be started."""


class KillReason(Enum):
    """Reason why the runner killed a container."""

    STOPPED = "it was asked to"
    OVER_TIME = "its wall time limit"
    OVER_SCRATCH = "the size or number of its files"


@dataclass(frozen=True, slots=True)
class ContainerExit:
    """Exit status of one container.

    Attributes:
        code: exit code; 128 and the number of a signal for one that was ended by a signal.
        is_out_of_memory: whether the kernel killed one of its processes for lack of memory.
        seconds: time from its start to its end.
        killed_for: why the runner killed it; None if it did not.
    """

    code: int
    is_out_of_memory: bool
    seconds: float
    killed_for: KillReason | None = None


def classify_exit(status: ContainerExit, limits: JobLimits) -> tuple[ExitReason, int | None, str]:
    """Return the exit reason, the exit code (None unless EXITED), and a sentence for users."""
    number = status.code - _SIGNALLED
    if number == signal.SIGKILL and status.killed_for is not None:
        return _KILLS[status.killed_for][0], None, _KILLS[status.killed_for][1].format(**_amounts(limits))
    if status.code == TaskExit.OUT_OF_MEMORY or (status.code and status.is_out_of_memory):
        return ExitReason.OVER_MEMORY, None, _OUT_OF_MEMORY.format(**_amounts(limits))
    # The kernel kills the first process of a container at its hard limit of CPU time, without another trace.
    may_be_cpu_time = status.seconds * (os.cpu_count() or 1) > limits["cpu_seconds"] + CPU_GRACE_SECONDS
    if number == signal.SIGXCPU or (number == signal.SIGKILL and may_be_cpu_time):
        return ExitReason.OVER_TIME, None, _OUT_OF_CPU_TIME.format(**_amounts(limits))
    if number in _EXTERNAL_SIGNALS:
        return ExitReason.LOST, None, f"The container of the job was ended by {signal.Signals(number).name}."
    if number in set(signal.Signals):
        return ExitReason.CRASHED, None, f"The container of the job was ended by {signal.Signals(number).name}."
    # An image must not be able to say that the platform could not start it: such attempts are repeated for ever.
    code = TaskExit.FAILED if status.code == TaskExit.NOT_STARTED else status.code
    return ExitReason.EXITED, code, f"The container of the job exited with code {status.code}."


def is_fault_of_image(refusal: str) -> bool:
    """Return whether an engine refused to start a container because of its image, not of the machine."""
    return any(text in refusal.lower() for text in _IMAGE_ERRORS)


_KILLS = {
    KillReason.STOPPED: (ExitReason.STOPPED, "The job was stopped."),
    KillReason.OVER_TIME: (ExitReason.OVER_TIME, "The job ran longer than its limit of {wall_seconds:g} s."),
    KillReason.OVER_SCRATCH: (
        ExitReason.OVER_LIMIT,
        "The job kept more files than its limits of {scratch_mib:.0f} MiB and {scratch_files} files.",
    ),
}
_OUT_OF_MEMORY = "The job needed more memory than its limit of {memory_mib:.0f} MiB, or than the machine has."
_OUT_OF_CPU_TIME = "The job used more than its limit of {cpu_seconds} s of CPU time."


def _amounts(limits: JobLimits) -> dict[str, object]:
    return {
        "wall_seconds": limits["wall_seconds"],
        "cpu_seconds": limits["cpu_seconds"],
        "memory_mib": limits["memory_bytes"] / 2**20,
        "scratch_mib": limits.get("scratch_bytes", 0) / 2**20,
        "scratch_files": limits.get("scratch_files", "any number of"),
    }
