"""What starts attempts and says how they ended. A runner knows no jobs, no HTTP and no database."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from voxel51.server.engine.launch import LaunchSpec

LOG_TAIL_BYTES = 1024 * 1024
"""How much of what an attempt printed is kept in its outcome, from the end."""


class ExitReason(StrEnum):
    """How an attempt ended, as seen from outside."""

    EXITED = "EXITED"  # by itself; see the exit code
    CRASHED = "CRASHED"  # by a signal of its own making: SIGSEGV, SIGABRT, …
    OVER_TIME = "OVER_TIME"  # ended by us: wall or CPU time
    OVER_MEMORY = "OVER_MEMORY"  # died for want of memory
    STOPPED = "STOPPED"  # ended by us because it was asked for
    LOST = "LOST"  # ended by something outside: its machine, its parent, a stranger's SIGKILL


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """Where an attempt runs, written down so that a later server can find and end it.

    ``started_at`` is the kernel's start time of the process, in its own units, so that a reused number is not
    mistaken for the process; 0.0 where the platform does not tell.
    """

    pid: int
    started_at: float


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """How one attempt ended.

    ``exit_code`` is set for EXITED alone, ``detail`` is a sentence for people, ``log`` is the last `LOG_TAIL_BYTES`
    of what the attempt printed.
    """

    attempt_id: str
    exit_reason: ExitReason
    exit_code: int | None
    detail: str
    log: bytes


class Runner(Protocol):
    """Starts attempts, each isolated from the others and from the platform's files.

    Callbacks come from threads of the runner, never from within a call to it.
    """

    def open(self, ended: Callable[[AttemptOutcome], None]) -> None:
        """Make ready. ``ended`` is called once for every attempt started, however it ends.

        What a dead predecessor left in the runner's folder is removed.
        """

    def start(self, launch: LaunchSpec) -> ProcessIdentity:
        """Start an attempt. ``ended`` may be called for a very short one before this returns.

        Raises:
            OSError: it could not be started (no memory, no process numbers); nothing is left behind, and ``ended``
                is not called.
        """

    def stop(self, attempt_id: str) -> None:
        """End an attempt with everything it started; unknown ids are ignored.

        ``ended`` follows with STOPPED, or with EXITED where the attempt was quicker.
        """

    def close(self) -> None:
        """End every attempt (each is reported as STOPPED) and release what `open` took."""
