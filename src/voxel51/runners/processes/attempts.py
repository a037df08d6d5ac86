"""Attempts of one zygote: those that were given to it and whose outcome is not reported yet."""

import os
import threading
from collections.abc import Callable, Sequence, Set
from concurrent.futures import Future
from dataclasses import dataclass, field

from voxel51.runners.interface import ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.exit_status import ExitStatus, OomKillCounter, classify_exit
from voxel51.runners.processes.workspaces import Workspace
from voxel51.runners.processes.zygote import ZygoteMessage


@dataclass(slots=True)
class RunningAttempt:
    """Attempt that was given to a zygote.

    Attributes:
        oom_kills: counter that began with the attempt.
        pid: result of the launch: the process id, or the `OSError` for which it was refused.
        stop_requested: whether it was killed on request.
        has_ended: whether its end was passed on.
    """

    launch: LaunchSpec
    workspace: Workspace
    oom_kills: OomKillCounter = field(default_factory=OomKillCounter)
    pid: Future[int] = field(default_factory=Future)
    stop_requested: bool = False
    has_ended: bool = False


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """End of an attempt whose processes are gone.

    Attributes:
        reason: why it ended.
        exit_code: exit code of its process; None unless the reason is EXITED.
        detail: a sentence for users.
        peak_memory_bytes: largest memory that its process used; None if it was not observed.
    """

    attempt: RunningAttempt
    reason: ExitReason
    exit_code: int | None
    detail: str
    peak_memory_bytes: int | None = None


class ZygoteAttempts:
    """Table of the attempts of one zygote, safe from any thread.

    Args:
        ended: called once for every attempt that was started and has ended.

    Attributes:
        changed: condition, notified when an attempt is removed. Its lock guards the table; the supervisor holds it to
            change the table and its zygote together.
    """

    def __init__(self, ended: Callable[[AttemptEnd], None]) -> None:
        self._ended = ended
        self._table: dict[str, RunningAttempt] = {}
        self.changed = threading.Condition(threading.RLock())

    def __len__(self) -> int:
        return len(self._table)

    def ids(self) -> Set[str]:
        """Return the ids of all attempts."""
        with self.changed:
            return set(self._table)

    def all(self) -> Sequence[RunningAttempt]:
        """Return all attempts."""
        with self.changed:
            return list(self._table.values())

    def waiting(self) -> Sequence[RunningAttempt]:
        """Return the attempts that the zygote has neither started nor refused."""
        return [attempt for attempt in self.all() if not attempt.pid.done()]

    def find(self, attempt_id: str) -> RunningAttempt | None:
        """Return the attempt with this id; None if the table has none."""
        return self._table.get(attempt_id)

    def add(self, attempt: RunningAttempt) -> None:
        """Add an attempt that is about to be launched."""
        with self.changed:
            self._table[attempt.launch.attempt_id] = attempt

    def remove(self, attempt: RunningAttempt) -> None:
        """Remove an attempt that was reported or refused."""
        with self.changed:
            self._table.pop(attempt.launch.attempt_id, None)
            self.changed.notify_all()

    def wait_until_empty(self, seconds: float) -> None:
        """Wait until every attempt is removed, at most ``seconds``."""
        with self.changed:
            self.changed.wait_for(lambda: not self._table, seconds)

    def apply(self, message: ZygoteMessage) -> None:
        """Apply a message of the zygote about an attempt. One that was removed meanwhile is ignored."""
        if "started" in message:
            self._start(self._table.get(message["started"]), message["pid"])
        elif "refused" in message:
            self._refuse(self._table.get(message["refused"]), message["reason"])
        elif "ended" in message:
            self._end_with(self._table.get(message["ended"]), message)

    def end_started(self) -> None:
        """End every attempt that a dead zygote had started: its children died with it."""
        for attempt in self.all():
            if not attempt.pid.done():
                continue
            if attempt.stop_requested:
                self._end(attempt, ExitReason.STOPPED, None, "The job was stopped.")
            else:
                self._end(attempt, ExitReason.LOST, None, "The process that supervises jobs died.")

    @staticmethod
    def _start(attempt: RunningAttempt | None, pid: int) -> None:
        if attempt is not None:
            attempt.workspace.pid = pid
            attempt.pid.set_result(pid)

    @staticmethod
    def _refuse(attempt: RunningAttempt | None, reason: str) -> None:
        if attempt is not None:
            text = f"attempt {attempt.launch.attempt_id} could not be started: {reason}"
            attempt.pid.set_exception(OSError(text))

    def _end_with(self, attempt: RunningAttempt | None, message: ZygoteMessage) -> None:
        if attempt is None:
            return
        killed_by = message["ended_by"]
        was_signalled = os.WIFSIGNALED(message["wait_status"])
        status = ExitStatus(
            wait_status=message["wait_status"],
            killed_by=killed_by,
            cpu_seconds=message["cpu_seconds"],
            peak_memory_bytes=message["peak_memory_bytes"],
            oom_killed=killed_by is None and was_signalled and _is_out_of_memory(attempt),
        )
        self._end(attempt, *classify_exit(status, attempt.launch.limits), status.peak_memory_bytes)

    def _end(
        self,
        attempt: RunningAttempt,
        reason: ExitReason,
        exit_code: int | None,
        detail: str,
        peak_memory_bytes: int | None = None,
    ) -> None:
        # An attempt may end and its zygote die before the attempt is removed from the table: report it only once.
        if not attempt.has_ended:
            attempt.has_ended = True
            self._ended(AttemptEnd(attempt, reason, exit_code, detail, peak_memory_bytes))


def _is_out_of_memory(attempt: RunningAttempt) -> bool:
    """Return whether the kernel killed a process of the attempt, or, without a group, of anybody while it ran."""
    of_attempt = attempt.workspace.is_out_of_memory()
    return attempt.oom_kills.has_increased() if of_attempt is None else of_attempt
