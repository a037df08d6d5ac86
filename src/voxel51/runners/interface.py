"""Runner interface: start and stop attempts, and report how each ended. Runners know no jobs, HTTP or database."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from voxel51.runners.launch import LaunchSpec

LOG_TAIL_BYTES = 1024 * 1024
"""Size limit of the log in an outcome: the last bytes that the attempt printed."""


class ExitReason(StrEnum):
    """Reason why an attempt ended, as seen from outside its process."""

    EXITED = "EXITED"  # by itself; see the exit code
    CRASHED = "CRASHED"  # by a signal that it caused itself: SIGSEGV, SIGABRT, …
    OVER_TIME = "OVER_TIME"  # killed at its limit of wall or CPU time
    OVER_MEMORY = "OVER_MEMORY"  # died because it ran out of memory
    OVER_LIMIT = "OVER_LIMIT"  # ended for its processes, scratch space or disk writes
    STOPPED = "STOPPED"  # killed on request
    LOST = "LOST"  # killed from outside: by its machine, its parent, or another program's SIGKILL
    UNPLACED = "UNPLACED"  # was not started: no present machine has what it needs


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """Process of an attempt, recorded so that a later server can find and kill it.

    ``started_at`` is the kernel's start time of the process in the kernel's own units. It tells the process apart from
    a later one with the same process id. 0.0 where the operating system does not report it.
    """

    pid: int
    started_at: float


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """Outcome of one attempt.

    Attributes:
        attempt_id: id of its launch specification.
        exit_reason: why it ended.
        exit_code: exit code of its process; None unless the reason is EXITED.
        detail: a sentence for users.
        log: the last `LOG_TAIL_BYTES` that it printed.
        peak_memory_bytes: largest memory that its largest process used; None if that is not known.
    """

    attempt_id: str
    exit_reason: ExitReason
    exit_code: int | None
    detail: str
    log: bytes
    peak_memory_bytes: int | None = None


class Runner(Protocol):
    """Runner of attempts, each isolated from the others and from the platform's files.

    Callbacks come from threads of the runner, never from within a call to it.
    """

    def open(self, ended: Callable[[AttemptOutcome], None]) -> None:
        """Prepare to start attempts, and remove everything that an earlier server left in the runner's folder.

        ``ended`` is called exactly once for every attempt that was started, however it ends.
        """

    def start(self, launch: LaunchSpec) -> ProcessIdentity:
        """Start an attempt. A very short one may reach ``ended`` before this method returns.

        Raises:
            OSError: the attempt could not be started (no memory, no process ids). Nothing is left behind, and
                ``ended`` is not called.
        """

    def stop(self, attempt_id: str) -> None:
        """Kill an attempt and every process that it started. Ignore unknown ids.

        ``ended`` follows with STOPPED, or with EXITED if the attempt exited first.
        """

    def attempts(self) -> Set[str]:
        """Return the ids of the attempts that were started and whose outcome ``ended`` has not been given yet."""

    def close(self) -> None:
        """Kill every attempt (each is reported as STOPPED) and release all resources."""
