"""Process runner: start attempts as processes forked from a zygote, and report how each attempt ended.

A supervisor keeps the zygote alive (`zygote_supervisor`). `ProcessRunner.reload` starts another zygote, for packages
that were installed meanwhile: it takes the next attempts, while the earlier one serves those that it runs. One thread
collects the results of ended attempts and calls back, so that a slow callback never delays the messages of a zygote.
"""

import itertools
import logging
import queue
import sys
import threading
from collections.abc import Callable, Sequence, Set
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from voxel51.runners import orphan_processes
from voxel51.runners.gpu_devices import GpuAccess
from voxel51.runners.interface import AttemptOutcome, ProcessIdentity
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.attempts import AttemptEnd, RunningAttempt
from voxel51.runners.processes.environment import interpreter_environment
from voxel51.runners.processes.warm_zygotes import CHECK_SECONDS, WarmLimits, WarmZygotes
from voxel51.runners.processes.workspaces import Workspaces
from voxel51.runners.processes.zygote import ZygoteProcess
from voxel51.runners.processes.zygote_supervisor import StartZygote, ZygoteSupervisor
from voxel51.runners.programs import PackageProgram
from voxel51.runners.sandbox.policy import SandboxPolicy
from voxel51.wire.tasks import WEIGHTS_FOLDER

logger = logging.getLogger(__name__)

Mode = Literal["fork", "exec"]
DEFAULT_MODE: Mode = "fork" if sys.platform == "linux" else "exec"
"""On other systems, a forked process may not continue with the system libraries that it inherited."""

START_TIMEOUT_SECONDS = 60.0
"""Time limit of `ProcessRunner.start`, and of `ProcessRunner.reload` besides the import of one analytic: a zygote that
just started imports its analytics first.
"""


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
        import_seconds: time that the import of one analytic in the zygote may take, and its setup in a warm one.
        warm: limits of the processes that keep ``setup()`` of an analytic for the next job; None: nothing is kept.
        preload_modules: modules that the zygote imports besides.
        gpus: which attempts can use the GPUs of the machine.
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
        warm: WarmLimits | None = None,
        preload_modules: Sequence[str] = (),
        gpus: GpuAccess = GpuAccess.NONE,
    ) -> None:
        self._folder = folder.resolve()
        self._preload = list(preload)
        self._preload_modules = list(preload_modules) if mode == "fork" else []
        self._interpreter = list(interpreter)
        self._mode: Mode = mode
        self._module_folders = list(module_folders)
        self._policy = policy or SandboxPolicy()
        self._workspaces = Workspaces(
            self._folder, threads, self._module_folders, weights_folder, own_users=self._policy.own_user,
            gpus=gpus,
        )  # fmt: skip
        self._import_seconds = import_seconds
        self._zygote_numbers = itertools.count(1)
        self._lock = threading.Lock()  # guards the three below
        self._current: ZygoteSupervisor | None = None  # the one that takes attempts; None unless the runner is open
        self._supervisors: list[ZygoteSupervisor] = []  # also those that are about to take attempts, or no longer do
        self._is_closed = False
        self._warm = None if warm is None or mode != "fork" else WarmZygotes(warm, self._started_warm_supervisor)
        self._weights_folder = weights_folder
        self._reloading = threading.Lock()
        self._ended: queue.SimpleQueue[tuple[ZygoteSupervisor, AttemptEnd] | None] = queue.SimpleQueue()
        self._reporter: threading.Thread | None = None

    def open(self, ended: Callable[[AttemptOutcome], None]) -> None:
        """Prepare to start attempts; see `voxel51.runners.interface.Runner.open`."""
        self._workspaces.open()
        self._current = self._started_supervisor(self._preload)
        self._reporter = threading.Thread(target=self._report, args=(ended,), name="runner-report", daemon=True)
        self._reporter.start()

    @property
    def limits_in_force(self) -> str:
        """Sentence that says what holds the limits of a job as a whole."""
        return self._workspaces.limits_in_force

    @property
    def zygote_pids(self) -> list[int]:
        """Process ids of the zygotes: that of the one which takes attempts last."""
        with self._lock:
            return [pid for each in self._supervisors if each.is_alive() and (pid := each.zygote_pid) is not None]

    def has_warm(self, key: str) -> bool:
        """Return whether the next launch with this key would find what an earlier ``setup()`` made."""
        return self._warm is not None and self._warm.has(key)

    def has_failed_to_warm(self, key: str) -> bool:
        """Return whether ``setup()`` failed for this key, whose launches therefore run without."""
        return self._warm is not None and self._warm.has_failed(key)

    def start(self, launch: LaunchSpec) -> ProcessIdentity:
        """Start an attempt; see `voxel51.runners.interface.Runner.start`."""
        if launch.network is not None and not self._policy.kind.limits_hosts:
            raise OSError(f"the sandbox '{self._policy.kind}' cannot limit network access to single hosts")
        attempt = RunningAttempt(launch, self._workspaces.create(launch))
        supervisor = self._launch(attempt)
        if supervisor is None:
            self._workspaces.remove(attempt.workspace)
            raise OSError("the runner is closed")
        try:
            pid = attempt.pid.result(START_TIMEOUT_SECONDS)
        except FutureTimeoutError:
            self._discard(supervisor, attempt)
            raise TimeoutError(
                f"attempt {launch.attempt_id} got no process within {START_TIMEOUT_SECONDS:g} s"
            ) from None
        except OSError:
            self._discard(supervisor, attempt)
            raise
        return ProcessIdentity(pid, orphan_processes.started_at(pid))

    def stop(self, attempt_id: str) -> None:
        """Kill an attempt; see `voxel51.runners.interface.Runner.stop`."""
        for supervisor in self._all_supervisors():
            supervisor.stop(attempt_id)

    def attempts(self) -> Set[str]:
        """Return the attempts that have not ended; see `voxel51.runners.interface.Runner.attempts`."""
        return {attempt_id for each in self._all_supervisors() for attempt_id in each.attempts()}

    def reload(self, preload: Sequence[str]) -> None:
        """Start the next attempts from a new zygote, which imports ``preload`` as it is installed now.

        Attempts that run are not touched: their zygote exits after the last of them.

        Raises:
            OSError: the new zygote did not become ready. The earlier one goes on to take attempts.
        """
        with self._reloading:
            fresh = self._started_supervisor(preload)
            if not fresh.wait_until_ready(START_TIMEOUT_SECONDS + self._import_seconds):
                fresh.close()
                raise TimeoutError("the new process that imports the analytics was not ready in time")
            with self._lock:
                earlier, self._current = self._current, fresh
            if earlier is not None:
                earlier.retire()
            if self._warm is not None:
                self._warm.end_all()

    def close(self) -> None:
        """Kill every attempt; see `voxel51.runners.interface.Runner.close`."""
        if self._warm is not None:
            self._warm.close()
        with self._lock:
            self._is_closed = True
            supervisors = list(self._supervisors)
        for attempt_id in self.attempts():  # all of them first, so that they end at the same time
            self.stop(attempt_id)
        for supervisor in supervisors:
            supervisor.close()
        if self._reporter is None:
            return
        self._ended.put(None)
        self._reporter.join()
        orphan_processes.kill_started_in(self._folder)
        self._workspaces.close()

    def _all_supervisors(self) -> list[ZygoteSupervisor]:
        with self._lock:
            return list(self._supervisors)

    def _launch(self, attempt: RunningAttempt) -> ZygoteSupervisor | None:
        """Launch an attempt and return the supervisor of its zygote; None if the runner is closed."""
        if self._warm is not None and (warm := self._warm.launch(attempt)) is not None:
            return warm
        with self._lock:
            current = self._current
            return current if current is not None and current.launch(attempt) else None

    def _started_supervisor(self, preload: Sequence[str]) -> ZygoteSupervisor:
        return self._start_supervisor(preload if self._mode == "fork" else (), self._start_zygote)

    def _started_warm_supervisor(self, launch: LaunchSpec) -> ZygoteSupervisor:
        """Return the supervisor of a zygote that runs ``setup()`` of the analytic of ``launch``, as its jobs would."""
        if not isinstance(launch.program, PackageProgram):
            raise OSError(f"{type(launch.program).__name__} cannot be kept warm")
        start = partial(self._start_zygote, setup_memory_bytes=launch.limits["memory_bytes"])
        return self._start_supervisor([launch.program.entry_point], start, is_replaced=False)

    def _start_supervisor(
        self, preload: Sequence[str], start_zygote: StartZygote, *, is_replaced: bool = True
    ) -> ZygoteSupervisor:
        supervisor: ZygoteSupervisor = ZygoteSupervisor(
            start_zygote,
            self._folder / f"zygote-{next(self._zygote_numbers)}",
            preload,
            self._workspaces,
            self._import_seconds,
            lambda end: self._ended.put((supervisor, end)),
            is_replaced=is_replaced,
        )
        with self._lock:
            if self._is_closed:
                raise OSError("the runner is closed")
            supervisor.open()
            self._supervisors = [each for each in self._supervisors if each.is_alive()] + [supervisor]
        return supervisor

    def _start_zygote(
        self, preload: Sequence[str], folder: Path, setup_memory_bytes: int | None = None
    ) -> ZygoteProcess:
        # One thread, also where jobs have more: a thread that setup() starts does not exist in the forked jobs.
        environment = interpreter_environment(folder, 1, self._module_folders)
        if self._weights_folder is not None and setup_memory_bytes is not None:
            environment[WEIGHTS_FOLDER] = str(self._weights_folder.resolve())
        policy = replace(self._policy, groups=self._workspaces.group_prefixes)
        return ZygoteProcess(
            self._interpreter, self._mode, policy, preload, folder, environment, self._preload_modules,
            setup_memory_bytes=setup_memory_bytes,
        )  # fmt: skip

    def _discard(self, supervisor: ZygoteSupervisor, attempt: RunningAttempt) -> None:
        """Drop an attempt that could not be started; its outcome is not reported."""
        supervisor.stop(attempt.launch.attempt_id)  # it may start after the time limit
        supervisor.remove(attempt)
        self._workspaces.remove(attempt.workspace)

    # Reports of ended attempts, in the thread "runner-report".

    def _report(self, ended: Callable[[AttemptOutcome], None]) -> None:
        while (found := self._next_end()) is not None:
            supervisor, end = found
            attempt_id, workspace = end.attempt.launch.attempt_id, end.attempt.workspace
            log = workspace.folder.log_tail()
            outcome = AttemptOutcome(attempt_id, end.reason, end.exit_code, end.detail, log, end.peak_memory_bytes)
            self._workspaces.remove(workspace)
            self._call_back(ended, outcome)
            self._workspaces.remove_groups(workspace)
            supervisor.remove(end.attempt)
            if self._warm is not None and end.exit_code == 0:
                self._warm.prepare_for_next(end.attempt.launch)

    def _next_end(self) -> tuple[ZygoteSupervisor, AttemptEnd] | None:
        """Wait for the next end, and check the warm zygotes meanwhile; None when the runner is closed."""
        while True:
            try:
                return self._ended.get(timeout=CHECK_SECONDS if self._warm else None)
            except queue.Empty:
                if self._warm is not None:
                    self._warm.check()

    def _call_back(self, ended: Callable[[AttemptOutcome], None], outcome: AttemptOutcome) -> None:
        try:
            ended(outcome)
        except Exception:
            logger.exception("settling attempt %s (%s) failed", outcome.attempt_id, outcome.exit_reason)
