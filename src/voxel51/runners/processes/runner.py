"""Process runner: start attempts through the zygote, supervise it, and report how each attempt ended.

Two threads work beside the callers: one reads the zygote's messages and replaces a zygote that dies, the other collects
the results of ended attempts and calls back, so that a slow callback never delays the messages.
"""

import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence, Set
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from voxel51.runners import orphan_processes
from voxel51.runners.interface import AttemptOutcome, ExitReason, ProcessIdentity
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.environment import interpreter_environment
from voxel51.runners.processes.exit_status import ExitStatus, OomKillCounter, classify_exit
from voxel51.runners.processes.workspaces import Workspace, Workspaces
from voxel51.runners.processes.zygote import LaunchMessage, ZygoteMessage, ZygoteProcess
from voxel51.runners.sandbox.policy import SandboxPolicy
from voxel51.wire.backoff import Backoff

logger = logging.getLogger(__name__)

Mode = Literal["fork", "exec"]
DEFAULT_MODE: Mode = "fork" if sys.platform == "linux" else "exec"
"""On other systems, a forked process may not continue with the system libraries that it inherited."""

START_TIMEOUT_SECONDS = 60.0
"""Time limit of `ProcessRunner.start`: a zygote that just started imports its analytics first."""

RESTART_BACKOFF = Backoff(first_seconds=1.0, longest_seconds=30.0)
"""Pauses before a zygote is started again that died for a reason that leaving out an analytic does not remove."""


@dataclass(slots=True)
class _RunningAttempt:
    launch: LaunchSpec
    workspace: Workspace
    pid: Future[int] = field(default_factory=Future)  # done once the zygote has started or refused the attempt
    stop_requested: bool = False
    has_ended: bool = False


class ProcessRunner:
    """A `voxel51.runners.interface.Runner` whose attempts are processes of this machine.

    Args:
        folder: folder that this runner owns and empties; each attempt works in a folder below it.
        preload: names of the analytics that the zygote imports. One that starts threads on import, or crashes or
            hangs the zygote, is left out: its jobs import it themselves.
        interpreter: command that starts a Python with the analytics installed.
        mode: what a child becomes, see `voxel51.platform.zygote`.
        threads: number of threads of each numeric library in one attempt.
        module_folders: folders that are searched for modules before the interpreter's own.
        weights_folder: folder with model weights, which all jobs can read; None for none.
        policy: sandbox of the attempts.
        import_seconds: time that the import of one analytic in the zygote may take.
    """

    def __init__(
        self,
        folder: Path,
        preload: Sequence[str] = (),
        interpreter: Sequence[str] = (sys.executable,),
        mode: Mode = DEFAULT_MODE,
        threads: int = 1,
        module_folders: Sequence[Path] = (),
        weights_folder: Path | None = None,
        policy: SandboxPolicy | None = None,
        import_seconds: float = 60.0,
    ) -> None:
        self._folder = folder.resolve()
        self._preload = list(preload) if mode == "fork" else []
        self._interpreter = list(interpreter)
        self._mode = mode
        self._module_folders = list(module_folders)
        self._policy = policy or SandboxPolicy()
        self._workspaces = Workspaces(
            self._folder, threads, self._module_folders, weights_folder, own_users=self._policy.own_user
        )
        self._import_seconds = import_seconds
        self._oom_kills = OomKillCounter()
        # Guards the table of attempts and the current zygote together: an attempt that is in the table when a zygote is
        # replaced is launched again on the new one, and an attempt that enters later finds the new one.
        self._lock = threading.Lock()
        self._attempt_removed = threading.Condition(self._lock)
        self._attempts: dict[str, _RunningAttempt] = {}
        self._ended: queue.SimpleQueue[tuple[_RunningAttempt, ExitReason, int | None, str] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._zygote: ZygoteProcess | None = None
        self._workers: list[threading.Thread] = []
        self._loading: str | None = None  # the analytic that the zygote imports; used by the supervising thread only
        self._failed_starts = 0  # of zygotes, in a row; used by the supervising thread only

    def open(self, ended: Callable[[AttemptOutcome], None]) -> None:
        """Prepare to start attempts; see `voxel51.runners.interface.Runner.open`."""
        self._workspaces.open()
        self._zygote = self._new_zygote()
        self._workers = [
            threading.Thread(target=self._supervise, args=(self._zygote,), name="runner-supervise", daemon=True),
            threading.Thread(target=self._report, args=(ended,), name="runner-report", daemon=True),
        ]
        for thread in self._workers:
            thread.start()

    @property
    def limits_in_force(self) -> str:
        """Sentence that says what holds the limits of a job as a whole."""
        return self._workspaces.limits_in_force

    def start(self, launch: LaunchSpec) -> ProcessIdentity:
        """Start an attempt; see `voxel51.runners.interface.Runner.start`."""
        attempt = _RunningAttempt(launch, self._workspaces.create(launch))
        with self._lock:
            if self._zygote is None or self._closing.is_set():
                self._workspaces.remove(attempt.workspace)
                raise OSError("the runner is closed")
            self._attempts[launch.attempt_id] = attempt
            self._zygote.launch(self._launch_message(attempt))
        try:
            pid = attempt.pid.result(START_TIMEOUT_SECONDS)
        except FutureTimeoutError:
            self._discard(attempt)
            raise TimeoutError(
                f"attempt {launch.attempt_id} got no process within {START_TIMEOUT_SECONDS:g} s"
            ) from None
        except OSError:
            self._discard(attempt)
            raise
        return ProcessIdentity(pid, orphan_processes.started_at(pid))

    def stop(self, attempt_id: str) -> None:
        """Kill an attempt; see `voxel51.runners.interface.Runner.stop`."""
        with self._lock:
            attempt = self._attempts.get(attempt_id)
            if attempt is not None and self._zygote is not None:
                attempt.stop_requested = True
                self._zygote.kill(attempt_id)

    def attempts(self) -> Set[str]:
        """Return the attempts that have not ended; see `voxel51.runners.interface.Runner.attempts`."""
        with self._lock:
            return set(self._attempts)

    def close(self) -> None:
        """Kill every attempt; see `voxel51.runners.interface.Runner.close`."""
        self._closing.set()
        with self._lock:
            zygote = self._zygote
            running = list(self._attempts)
        if zygote is None:
            return
        for attempt_id in running:
            self.stop(attempt_id)
        with self._attempt_removed:
            self._attempt_removed.wait_for(lambda: not self._attempts, orphan_processes.KILL_TIMEOUT_SECONDS)
            self._zygote = None
        zygote.disconnect()
        for thread in self._workers:
            thread.join()
        orphan_processes.kill_started_in(self._folder)
        self._workspaces.close()

    # Supervision of the zygote, in the thread "runner-supervise".

    def _supervise(self, zygote: ZygoteProcess) -> None:
        current: ZygoteProcess | None = zygote
        while current is not None:
            loading, was_ready = self._process_messages(current)
            # The zygote is dead. The kernel kills its children; what they started is killed here, so that every process
            # of an attempt is gone before the attempt is reported.
            current.reap()
            self._kill_leftovers()
            self._end_all_started()
            current = self._replace(loading, was_ready)
        self._ended.put(None)

    def _process_messages(self, zygote: ZygoteProcess) -> tuple[str | None, bool]:
        """Process messages until the zygote is dead.

        Returns:
            the analytic that it was importing when it died, if any, and whether it had finished its imports.
        """
        self._loading, is_ready = None, False
        for message in zygote.messages(self._message_limit):
            if "loading" in message:
                self._loading = message["loading"]
            elif "ready" in message:
                self._loading, is_ready = None, True
            else:
                self._process_message(message)
        return self._loading, is_ready

    def _message_limit(self) -> float | None:
        """Return how many seconds the next message of the zygote may take: while it imports, it sends no other."""
        return None if self._loading is None else self._import_seconds

    def _process_message(self, message: ZygoteMessage) -> None:
        try:
            if "started" in message:
                self._on_started(message["started"], message["pid"])
            elif "refused" in message:
                self._on_refused(message["refused"], message["reason"])
            elif "ended" in message:
                self._on_ended(message)
        except Exception:  # without this thread, no attempt would start or end any more
            logger.exception("a message of the zygote could not be processed: %s", message)

    def _kill_leftovers(self) -> None:
        try:
            orphan_processes.kill_started_in(self._folder)
        except OSError:  # a process that hangs in the kernel; its attempt has lost the right to report
            logger.exception("processes of ended attempts could not be killed")

    def _on_started(self, attempt_id: str, pid: int) -> None:
        attempt = self._attempts.get(attempt_id)
        if attempt is not None:
            attempt.workspace.pid = pid
            attempt.pid.set_result(pid)

    def _on_refused(self, attempt_id: str, reason: str) -> None:
        attempt = self._attempts.get(attempt_id)
        if attempt is not None:
            attempt.pid.set_exception(OSError(f"attempt {attempt_id} could not be started: {reason}"))

    def _on_ended(self, message: ZygoteMessage) -> None:
        attempt = self._attempts.get(message["ended"])
        if attempt is None:
            return
        killed_by = message["ended_by"]
        was_signalled = os.WIFSIGNALED(message["wait_status"])
        status = ExitStatus(
            wait_status=message["wait_status"],
            killed_by=killed_by,
            cpu_seconds=message["cpu_seconds"],
            peak_memory_bytes=message["peak_memory_bytes"],
            oom_killed=killed_by is None and was_signalled and self._oom_kills.has_increased(),
        )
        self._end(attempt, *classify_exit(status, attempt.launch.limits))

    def _end_all_started(self) -> None:
        """End every attempt that a dead zygote had started: its children died with it."""
        with self._lock:
            started = [attempt for attempt in self._attempts.values() if attempt.pid.done()]
        for attempt in started:
            if attempt.stop_requested:
                self._end(attempt, ExitReason.STOPPED, None, "The job was stopped.")
            else:
                self._end(attempt, ExitReason.LOST, None, "The process that supervises jobs died.")

    def _end(self, attempt: _RunningAttempt, reason: ExitReason, exit_code: int | None, detail: str) -> None:
        # An attempt may end and its zygote die before the attempt is removed from the table: report it only once.
        if not attempt.has_ended:
            attempt.has_ended = True
            self._ended.put((attempt, reason, exit_code, detail))

    def _replace(self, loading: str | None, was_ready: bool) -> ZygoteProcess | None:
        """Start a new zygote, and launch on it the attempts that the dead one had not started yet.

        Return None if the runner is closing.
        """
        if loading is not None and loading in self._preload:
            logger.warning(
                "importing the analytic %s crashes, hangs or starts threads: its jobs start more slowly", loading
            )
            self._preload.remove(loading)
        elif not self._closing.is_set():
            logger.error("the zygote died %s; starting a new one", "at work" if was_ready else "before it was ready")
        zygote = None
        while zygote is None and not self._closing.is_set():
            # A zygote that worked, or whose culprit is known, is replaced at once; one that cannot start is not.
            if was_ready or loading is not None:
                self._failed_starts = 0
            else:
                self._closing.wait(RESTART_BACKOFF.seconds(self._failed_starts))
                self._failed_starts += 1
            try:
                zygote = self._new_zygote()
            except OSError:
                logger.exception("the zygote could not be started; retrying")
                loading, was_ready = None, False
        with self._lock:
            if self._closing.is_set():
                self._refuse_waiting()
                if zygote is not None:
                    zygote.disconnect()
                    zygote.reap()
                return None
            self._zygote = zygote
            if zygote is not None:
                for attempt in [each for each in self._attempts.values() if not each.pid.done()]:
                    self._launch_again(zygote, attempt)
        return zygote

    def _launch_again(self, zygote: ZygoteProcess, attempt: _RunningAttempt) -> None:
        try:
            self._workspaces.renew(attempt.workspace, attempt.launch)
        except OSError as error:
            attempt.pid.set_exception(error)
            return
        zygote.launch(self._launch_message(attempt))
        if attempt.stop_requested:
            zygote.kill(attempt.launch.attempt_id)

    def _refuse_waiting(self) -> None:
        for attempt in self._attempts.values():
            if not attempt.pid.done():
                attempt.pid.set_exception(OSError("the runner was closed before the attempt had started"))

    def _new_zygote(self) -> ZygoteProcess:
        environment = interpreter_environment(self._folder, 1, self._module_folders)
        policy = replace(self._policy, groups=self._workspaces.group_prefixes)
        return ZygoteProcess(self._interpreter, self._mode, policy, self._preload, self._folder, environment)

    @staticmethod
    def _launch_message(attempt: _RunningAttempt) -> LaunchMessage:
        launch, request = attempt.launch, attempt.workspace.folder.request
        return {"launch": launch.attempt_id, "request": str(request), "wall_seconds": launch.limits["wall_seconds"]}

    # Reports of ended attempts, in the thread "runner-report".

    def _report(self, ended: Callable[[AttemptOutcome], None]) -> None:
        while (end := self._ended.get()) is not None:
            attempt, reason, exit_code, detail = end
            log = attempt.workspace.folder.log_tail()
            outcome = AttemptOutcome(attempt.launch.attempt_id, reason, exit_code, detail, log)
            self._workspaces.remove(attempt.workspace)
            if attempt.pid.done():
                self._call_back(ended, outcome)
            self._workspaces.remove_groups(attempt.workspace)
            with self._attempt_removed:
                self._attempts.pop(outcome.attempt_id, None)
                self._attempt_removed.notify_all()

    def _call_back(self, ended: Callable[[AttemptOutcome], None], outcome: AttemptOutcome) -> None:
        try:
            ended(outcome)
        except Exception:
            logger.exception("settling attempt %s (%s) failed", outcome.attempt_id, outcome.exit_reason)

    def _discard(self, attempt: _RunningAttempt) -> None:
        """Drop an attempt that could not be started; its outcome is not reported."""
        with self._attempt_removed:
            self._attempts.pop(attempt.launch.attempt_id, None)
            if self._zygote is not None:
                # It may have started after the time limit.
                self._zygote.kill(attempt.launch.attempt_id)
            self._attempt_removed.notify_all()
        self._workspaces.remove(attempt.workspace)
