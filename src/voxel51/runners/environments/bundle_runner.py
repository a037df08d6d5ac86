"""Bundle runner: run analytics whose source was uploaded, each with its own packages.

Its attempts are those of a process runner whose zygote has the SDK in memory, and nothing of any bundle: the source is
imported by the job itself, in its sandbox. So no code of a bundle ever runs outside of the sandbox of one job, one
zygote serves all bundles, and the jobs of a bundle share no memory.

An attempt whose source and packages are here starts at once. For any other, a thread of its own fetches and builds
them first: the attempt counts as started meanwhile.
"""

import logging
import os
import threading
from collections.abc import Callable, Set
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from voxel51.runners import orphan_processes
from voxel51.runners.environments.bundle_sources import BundleSources
from voxel51.runners.environments.errors import BuildError, BuildUnavailable
from voxel51.runners.environments.folder_cache import Lease
from voxel51.runners.environments.sdk import PRELOADED
from voxel51.runners.environments.source_archives import SourceLimits
from voxel51.runners.environments.store import Environment, EnvironmentStore
from voxel51.runners.gpu_devices import GpuAccess
from voxel51.runners.interface import AttemptOutcome, ExitReason, ProcessIdentity
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.runner import DEFAULT_MODE, Mode, ProcessRunner
from voxel51.runners.programs import BundleProgram, PackageProgram
from voxel51.runners.sandbox.policy import SandboxPolicy
from voxel51.wire.tasks import TaskExit

logger = logging.getLogger(__name__)

PREPARATIONS_AT_ONCE = 4
"""Attempts whose source and packages are fetched at the same time; more wait."""


@dataclass(frozen=True, slots=True)
class BundleRunnerSettings:
    """Settings of a bundle runner.

    Attributes:
        source_quota_bytes: size of all unpacked sources that are kept.
        source_limits: limits of each source.
        weights_folder: folder with model weights, which all jobs can read; None for none.
        threads: number of threads of each numeric library in one attempt.
        mode: what a child of the zygote becomes, see `voxel51.platform.zygote`.
        gpus: which attempts can use the GPUs of the machine.
    """

    source_quota_bytes: int = 10 << 30
    source_limits: SourceLimits = field(default_factory=SourceLimits)
    weights_folder: Path | None = None
    threads: int = 1
    mode: Mode = DEFAULT_MODE
    gpus: GpuAccess = GpuAccess.NONE


@dataclass(slots=True)
class _Attempt:
    """Attempt from its start to its end, with what it uses."""

    launch: LaunchSpec
    used: ExitStack = field(default_factory=ExitStack)
    is_stopped: bool = False
    is_running: bool = False  # its process was asked for

    def use(self, leases: ExitStack, program: BundleProgram, source: Lease, environment: Environment) -> None:
        """Run ``program`` from ``source`` and ``environment``, and end their ``leases`` with the attempt."""
        self.used = leases
        folders = (str(environment.packages), str(source.folder))
        entry_point = str(source.folder / program.module)
        self.launch = replace(self.launch, program=PackageProgram(entry_point, folders))


class BundleRunner:
    """A `voxel51.runners.interface.Runner` of `voxel51.runners.programs.BundleProgram`.

    Args:
        folder: folder that this runner owns.
        store: environments of this machine.
        policy: sandbox of the attempts.
        settings: limits and quotas.
    """

    def __init__(
        self,
        folder: Path,
        store: EnvironmentStore,
        policy: SandboxPolicy,
        settings: BundleRunnerSettings | None = None,
    ) -> None:
        self._folder = folder.resolve()
        self._store = store
        self._policy = policy
        self._settings = settings or BundleRunnerSettings()
        limits = self._settings.source_limits
        self._sources = BundleSources(self._folder / "sources", self._settings.source_quota_bytes, limits)
        self._preparations = threading.BoundedSemaphore(PREPARATIONS_AT_ONCE)
        self._lock = threading.Lock()  # guards the three below
        self._attempts: dict[str, _Attempt] = {}
        self._processes: ProcessRunner | None = None
        self._is_closed = False
        self._ended: Callable[[AttemptOutcome], None] = lambda _outcome: None

    def open(self, ended: Callable[[AttemptOutcome], None]) -> None:
        """Prepare to start attempts; see `voxel51.runners.interface.Runner.open`.

        The zygote is started with the first attempt: a platform without bundles needs none.
        """
        self._ended = ended
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        orphan_processes.kill_started_in(self._folder)
        self._store.open()
        self._sources.open()

    def start(self, launch: LaunchSpec) -> ProcessIdentity:
        """Start an attempt; see `voxel51.runners.interface.Runner.start`."""
        attempt, program = _Attempt(launch), _program(launch)
        with self._lock:
            if self._is_closed:
                raise OSError("the runner is closed")
            self._attempts[launch.attempt_id] = attempt
        if not self._is_here(attempt, program):
            name = f"prepare-{launch.attempt_id}"
            threading.Thread(target=self._prepare_and_run, args=(attempt, program), name=name, daemon=True).start()
            # It has no process yet: with the time 0, a later server kills nothing.
            return ProcessIdentity(os.getpid(), 0.0)
        try:
            return self._run(attempt)
        except OSError:
            self._forget(attempt)
            raise

    def prepare(self, program: BundleProgram) -> None:
        """Fetch the source and build the packages of a program, so that its attempts start at once.

        Raises:
            BuildError: they cannot be made, by the fault of the bundle.
            BuildUnavailable: the platform or the package index does not answer now.
            OSError: no space.
        """
        with ExitStack() as stack:
            self._prepared(program, stack)

    def stop(self, attempt_id: str) -> None:
        """Kill an attempt; see `voxel51.runners.interface.Runner.stop`."""
        with self._lock:
            attempt = self._attempts.get(attempt_id)
            if attempt is None:
                return
            was_stopped, attempt.is_stopped = attempt.is_stopped, True
            processes = self._processes if attempt.is_running else None
        if processes is not None:
            processes.stop(attempt_id)
        elif not was_stopped:
            # A preparation goes on: others may wait for the same, and it is kept.
            threading.Thread(target=self._report_stopped, args=(attempt,), daemon=True).start()

    def attempts(self) -> Set[str]:
        """Return the attempts that have not ended; see `voxel51.runners.interface.Runner.attempts`."""
        with self._lock:
            return set(self._attempts)

    def close(self) -> None:
        """Kill every attempt; see `voxel51.runners.interface.Runner.close`."""
        with self._lock:
            self._is_closed = True
            waiting = [each for each in self._attempts.values() if not each.is_running and not each.is_stopped]
            for attempt in waiting:
                attempt.is_stopped = True
            processes = self._processes
        for attempt in waiting:
            self._report_stopped(attempt)
        if processes is not None:
            processes.close()

    def _is_here(self, attempt: _Attempt, program: BundleProgram) -> bool:
        """Take what an attempt uses if all of it is on this machine; return whether it is."""
        with ExitStack() as stack:
            source = self._sources.kept(program.source)
            if source is None:
                return False
            stack.enter_context(source)
            environment = self._store.prepared(program.lock)
            if environment is None:
                return False
            stack.enter_context(environment)
            attempt.use(stack.pop_all(), program, source, environment)
            return True

    def _prepare_and_run(self, attempt: _Attempt, program: BundleProgram) -> None:
        try:
            with ExitStack() as stack:
                source, environment = self._prepared(program, stack)
                with self._lock:
                    if attempt.is_stopped:
                        return
                    attempt.use(stack.pop_all(), program, source, environment)
            self._run(attempt)
        except BuildError as error:
            self._fail(attempt, ExitReason.EXITED, TaskExit.FAILED, f"The bundle could not be prepared: {error}")
        except (BuildUnavailable, OSError) as error:
            self._fail(attempt, ExitReason.LOST, None, f"The bundle could not be prepared: {error}")
        except Exception:
            logger.exception("the bundle of attempt %s could not be prepared", attempt.launch.attempt_id)
            self._fail(attempt, ExitReason.LOST, None, "The bundle could not be prepared; the platform's log says why.")

    def _prepared(self, program: BundleProgram, stack: ExitStack) -> tuple[Lease, Environment]:
        with self._preparations:
            source = stack.enter_context(self._sources.fetch(program.source))
            environment = stack.enter_context(self._store.prepare(program.lock, lambda _line: None))
        return source, environment

    def _run(self, attempt: _Attempt) -> ProcessIdentity:
        processes = self._runner()
        with self._lock:
            if attempt.is_stopped or self._is_closed:
                raise OSError("the attempt was stopped before it had a process")
            attempt.is_running = True
        process = processes.start(attempt.launch)
        if attempt.is_stopped:  # meanwhile, when the process runner did not know the attempt yet
            processes.stop(attempt.launch.attempt_id)
        return process

    def _runner(self) -> ProcessRunner:
        """Return the process runner, which is opened by the first call."""
        with self._lock:
            if self._processes is None:
                self._processes = self._opened_runner()
            return self._processes

    def _opened_runner(self) -> ProcessRunner:
        sdk, settings = self._store.sdk, self._settings
        runner = ProcessRunner(
            self._folder / "running",
            interpreter=(str(sdk.interpreter),),
            mode=settings.mode,
            threads=settings.threads,
            weights_folder=settings.weights_folder,
            policy=self._policy.showing(*sdk.readable),
            preload_modules=PRELOADED,
            gpus=settings.gpus,
        )
        runner.open(self._on_ended)
        return runner

    def _on_ended(self, outcome: AttemptOutcome) -> None:
        with self._lock:
            attempt = self._attempts.get(outcome.attempt_id)
        if attempt is not None:
            attempt.used.close()
            self._report(attempt, outcome)

    def _fail(self, attempt: _Attempt, reason: ExitReason, code: int | None, detail: str) -> None:
        attempt.used.close()
        with self._lock:
            is_reported, attempt.is_stopped = attempt.is_stopped, True
        if not is_reported:
            logger.warning("attempt %s: %s", attempt.launch.attempt_id, detail)
            self._report(attempt, AttemptOutcome(attempt.launch.attempt_id, reason, code, detail, b""))

    def _report_stopped(self, attempt: _Attempt) -> None:
        detail = "The job was stopped."
        self._report(attempt, AttemptOutcome(attempt.launch.attempt_id, ExitReason.STOPPED, None, detail, b""))

    def _report(self, attempt: _Attempt, outcome: AttemptOutcome) -> None:
        """Report an outcome, and forget the attempt afterwards, as the interface requires."""
        try:
            self._ended(outcome)
        finally:
            self._forget(attempt)

    def _forget(self, attempt: _Attempt) -> None:
        attempt.used.close()
        with self._lock:
            self._attempts.pop(attempt.launch.attempt_id, None)


def _program(launch: LaunchSpec) -> BundleProgram:
    if not isinstance(launch.program, BundleProgram):
        raise OSError(f"the bundle runner starts bundles, not {type(launch.program).__name__}")
    return launch.program
