"""Container runner: run attempts in containers of an engine on this machine, each followed by a thread of its own.

The runner becomes ready when the engine has answered once, a container network works, and the containers that an
earlier server left are removed. Attempts that start before wait for that, and so do those of an engine that restarts.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Set
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from voxel51.runners.containers.container import ENGINE_WAIT_SECONDS, Container
from voxel51.runners.containers.engine import ContainerEngine, EngineAway, EngineRefused
from voxel51.runners.containers.exit_status import classify_exit, is_fault_of_image
from voxel51.runners.containers.frames import FrameJobs, MountedFolders
from voxel51.runners.containers.image_archive import FetchStopped, InvalidArchive
from voxel51.runners.containers.images import ImageStore
from voxel51.runners.containers.networks import ContainerNetwork, ContainerNetworks
from voxel51.runners.containers.policy import ContainerPolicy, ContainerSpec
from voxel51.runners.interface import AttemptOutcome, ExitReason, ProcessIdentity
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.folders import remove
from voxel51.runners.programs import ImageProgram
from voxel51.wire.tasks import TaskExit

logger = logging.getLogger(__name__)

OWNER_LABEL = "com.voxel51.platform"
ATTEMPT_LABEL = "com.voxel51.attempt"
NO_PROCESS = ProcessIdentity(0, 0.0)
"""Identity of an attempt in a container: a later server finds the container by its label, not by a process."""

_CHECK_SECONDS = 10.0
"""Pause between two tries to reach an engine that is away."""

_FIRST_TRY_SECONDS = 5.0
"""Longest wait of `ContainerRunner.open` for the engine, so that jobs are not refused while it is about to answer."""

_WAIT_SECONDS = 0.25
_CLOSE_SECONDS = 60.0


class _Attempt:
    def __init__(self, launch: LaunchSpec, program: ImageProgram) -> None:
        self.launch = launch
        self.program = program
        self.stop_requested = threading.Event()
        self.container: Container | None = None

    def is_wanted(self) -> bool:
        """Return whether no stop was requested."""
        return not self.stop_requested.is_set()


class ContainerRunner:
    """A `voxel51.runners.interface.Runner` whose attempts are containers of this machine.

    Args:
        folder: folder that this runner owns; its path also tells its containers from those of other platforms.
        engine: the engine.
        job_url: the address at which jobs reach the platform.
        policy: privileges of containers.
        image_bytes: limit of all images that the engine keeps for this platform.
        frame_jobs: runs image-to-video programs; None: they cannot be started.
    """

    def __init__(
        self,
        folder: Path,
        engine: ContainerEngine,
        job_url: str,
        policy: ContainerPolicy,
        image_bytes: int,
        frame_jobs: FrameJobs | None = None,
    ) -> None:
        self._folder = folder.resolve()
        self._engine = engine
        self._job_url = job_url
        self._policy = policy
        self._owner = hashlib.sha256(str(self._folder).encode()).hexdigest()[:16]
        self._images = ImageStore(engine, self._folder / "images", image_bytes)
        self._networks = ContainerNetworks(
            engine,
            {OWNER_LABEL: self._owner},
            has_internet=policy.has_internet,
            user_namespace=policy.user_namespace,
        )
        self._frame_jobs = frame_jobs
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._attempts: dict[str, _Attempt] = {}
        self._tried = threading.Event()
        self._ready = threading.Event()
        self._closing = threading.Event()
        # None before the first try too: jobs of that moment wait for the engine, and are not refused.
        self._missing: str | None = None
        self._description = ""
        self._connecting: threading.Thread | None = None
        self._ended: Callable[[AttemptOutcome], None] = _ignore

    def open(self, ended: Callable[[AttemptOutcome], None]) -> None:
        """Prepare to start attempts; see `voxel51.runners.interface.Runner.open`. An engine may answer later."""
        self._ended = ended
        remove(self._attempt_folders)
        self._attempt_folders.mkdir(mode=0o700, parents=True)
        self._keep_connecting()
        self._tried.wait(_FIRST_TRY_SECONDS)

    @property
    def unavailable_reason(self) -> str | None:
        """Reason why no container can be started at present; None if they can."""
        return self._missing

    @property
    def description(self) -> str:
        """Engine, runtime and network of containers, as a phrase; empty while the engine is away."""
        return self._description

    def start(self, launch: LaunchSpec) -> ProcessIdentity:
        """Start an attempt; see `voxel51.runners.interface.Runner.start`. Its image is loaded afterwards."""
        if not isinstance(launch.program, ImageProgram):
            raise OSError(f"the container runner starts images, not {type(launch.program).__name__}")
        if self._closing.is_set():
            raise OSError("the runner is closed")
        attempt = _Attempt(launch, launch.program)
        with self._lock:
            self._attempts[launch.attempt_id] = attempt
        name = f"container-{launch.attempt_id[:8]}"
        try:
            threading.Thread(target=self._run, args=(attempt,), name=name, daemon=True).start()
        except RuntimeError as error:  # no more threads
            with self._lock:
                del self._attempts[launch.attempt_id]
            raise OSError(str(error)) from None
        return NO_PROCESS

    def stop(self, attempt_id: str) -> None:
        """Kill an attempt; see `voxel51.runners.interface.Runner.stop`."""
        with self._lock:
            attempt = self._attempts.get(attempt_id)
        if attempt is None:
            return
        attempt.stop_requested.set()
        if attempt.container is not None:
            attempt.container.stop()
        if self._frame_jobs is not None:
            self._frame_jobs.stop(attempt_id)

    def attempts(self) -> Set[str]:
        """Return the attempts that have not ended; see `voxel51.runners.interface.Runner.attempts`."""
        with self._lock:
            return set(self._attempts)

    def close(self) -> None:
        """Kill every attempt; see `voxel51.runners.interface.Runner.close`."""
        self._closing.set()
        for attempt_id in self.attempts():
            self.stop(attempt_id)
        with self._changed:
            self._changed.wait_for(lambda: not self._attempts, _CLOSE_SECONDS)
        if self._connecting is not None:
            self._connecting.join()
        if self._frame_jobs is not None:
            self._frame_jobs.close()
        self._networks.close()
        self._engine.close()

    @property
    def _attempt_folders(self) -> Path:
        return self._folder / "attempts"

    # Connection to the engine, in a thread of its own until there is one.

    def _keep_connecting(self) -> None:
        self._connecting = threading.Thread(target=self._connect_in_the_end, name="container-engine", daemon=True)
        self._connecting.start()

    def _connect_in_the_end(self) -> None:
        while not self._connect() and not self._closing.wait(_CHECK_SECONDS):
            pass

    def _note_absence(self, error: EngineAway) -> None:
        """Connect again after an engine that worked has gone; attempts wait meanwhile."""
        with self._lock:
            if not self._ready.is_set() or self._closing.is_set():
                return
            self._ready.clear()
            self._missing = str(error)
            self._keep_connecting()

    def _connect(self) -> bool:
        """Try to get ready; return whether it succeeded."""
        try:
            version = self._engine.connect()
            self._check_runtime()
            self._networks.close()
            self._remove_leftovers()
            self._networks.release(self._networks.acquire(self._job_url))
        except OSError as error:
            self._missing = str(error)
            logger.info("containers are not available: %s", error)
            self._tried.set()
            return False
        network = "internet" if self._policy.has_internet else "no network but the platform"
        self._description = f"{version}, runtime {self._policy.runtime or 'of the engine'}, {network}"
        self._missing = None
        self._ready.set()
        self._tried.set()
        return True

    def _check_runtime(self) -> None:
        runtimes = self._engine.info().get("Runtimes") or {}
        if self._policy.runtime is not None and self._policy.runtime not in runtimes:
            known = ", ".join(sorted(runtimes)) or "none"
            raise EngineRefused(f"the engine has no runtime '{self._policy.runtime}' (container_runtime), but {known}")

    def _remove_leftovers(self) -> None:
        """Remove all containers of an earlier server, but after a restart of the engine not those that still run."""
        containers = set(self._engine.containers(f"{OWNER_LABEL}={self._owner}"))
        for attempt_id in self.attempts():
            containers -= set(self._engine.containers(f"{ATTEMPT_LABEL}={attempt_id}"))
        for container in containers:
            self._engine.remove(container)

    # One attempt, in a thread of its own.

    def _run(self, attempt: _Attempt) -> None:
        # Removing a container takes as long as starting it, so the outcome is reported before.
        try:
            with ExitStack() as leftovers:
                self._ended(self._outcome(attempt, leftovers))
        except Exception:
            logger.exception("settling attempt %s failed", attempt.launch.attempt_id)
        with self._changed:
            self._attempts.pop(attempt.launch.attempt_id, None)
            self._changed.notify_all()

    def _outcome(self, attempt: _Attempt, leftovers: ExitStack) -> AttemptOutcome:
        try:
            self._await_engine(attempt)
            if attempt.program.is_image_to_video:
                return self._run_on_frames(attempt, leftovers)
            return self._run_image(attempt, MountedFolders(), leftovers)
        except InvalidArchive as error:
            return _ended(attempt, ExitReason.EXITED, f"The image cannot be run: {error}.", TaskExit.FAILED)
        except OSError as error:
            return self._failure(attempt, error)
        except Exception as error:  # a defect of ours: the attempt must end all the same
            logger.exception("attempt %s failed in its runner", attempt.launch.attempt_id)
            return _ended(attempt, ExitReason.LOST, f"The platform could not run the container: {error}.")

    def _failure(self, attempt: _Attempt, error: OSError) -> AttemptOutcome:
        """Return the outcome of an attempt that ``error`` has ended, and tell who is at fault."""
        if isinstance(error, EngineAway):
            self._note_absence(error)
        if attempt.stop_requested.is_set():
            return _ended(attempt, ExitReason.STOPPED, "The job was stopped.")
        if isinstance(error, EngineRefused) and is_fault_of_image(str(error)):
            return _ended(attempt, ExitReason.EXITED, f"The image cannot be run: {error}.", TaskExit.FAILED)
        return _ended(attempt, ExitReason.LOST, f"The container could not be run: {error}.")

    def _await_engine(self, attempt: _Attempt) -> None:
        waited = 0.0
        while not self._ready.wait(_WAIT_SECONDS):
            waited += _WAIT_SECONDS
            if attempt.stop_requested.is_set() or waited > ENGINE_WAIT_SECONDS:
                raise OSError(self._missing or "the container engine is away")

    def _run_on_frames(self, attempt: _Attempt, leftovers: ExitStack) -> AttemptOutcome:
        if self._frame_jobs is None:
            raise OSError("this platform does not run image-to-video analytics")
        folder = self._attempt_folders / attempt.launch.attempt_id
        folder.mkdir(mode=0o700)
        leftovers.callback(remove, folder)
        prepared = self._frame_jobs.prepare(attempt.launch, folder)
        if isinstance(prepared, AttemptOutcome):
            return prepared
        try:
            return self._frame_jobs.conclude(attempt.launch, folder, self._run_image(attempt, prepared, leftovers))
        finally:
            self._frame_jobs.discard(attempt.launch)

    def _run_image(self, attempt: _Attempt, folders: MountedFolders, leftovers: ExitStack) -> AttemptOutcome:
        program = attempt.program
        image = leftovers.enter_context(self._images.use(program.image, attempt.is_wanted))
        network = None if program.is_image_to_video else self._networks.acquire(self._job_url, attempt.launch.network)
        if network is not None:
            leftovers.callback(self._give_back, network)
            folders = self._with_hosts(attempt, network, folders, leftovers)
        container = Container(self._engine, self._spec(attempt, image, network, folders), self._policy)
        leftovers.callback(_close, container)
        attempt.container = container
        if not attempt.is_wanted():
            raise FetchStopped("the attempt was stopped before its container was started")
        container.start()
        reason, code, detail = classify_exit(container.follow(), attempt.launch.limits)
        notes = b"" if network is None else network.notes()
        return AttemptOutcome(attempt.launch.attempt_id, reason, code, detail, container.log() + notes)

    def _spec(
        self, attempt: _Attempt, image: str, network: ContainerNetwork | None, folders: MountedFolders
    ) -> ContainerSpec:
        launch = attempt.launch
        return ContainerSpec(
            image=image,
            environment={} if network is None else launch.environment,
            labels={OWNER_LABEL: self._owner, ATTEMPT_LABEL: launch.attempt_id},
            network_mode="none" if network is None else network.mode,
            limits=launch.limits,
            wants_gpu=attempt.program.processor == "GPU",
            read_only=folders.read_only,
            writable=folders.writable,
            working_folder=self._engine.working_folder(image) if self._policy.read_only_root else "/",
        )

    def _with_hosts(
        self, attempt: _Attempt, network: ContainerNetwork, folders: MountedFolders, leftovers: ExitStack
    ) -> MountedFolders:
        """Return ``folders`` with the ``/etc/hosts`` of the network."""
        file = self._attempt_folders / f"{attempt.launch.attempt_id}.hosts"
        file.write_text(network.hosts_file, encoding="utf-8")
        file.chmod(0o644)
        leftovers.callback(file.unlink, missing_ok=True)
        return replace(folders, read_only={**folders.read_only, "/etc/hosts": file})

    def _give_back(self, network: ContainerNetwork) -> None:
        if network.is_usable and not self._closing.is_set():
            self._networks.release(network)
            return
        with suppress(OSError):
            self._networks.discard(network)


def _ignore(outcome: AttemptOutcome) -> None:
    """Ignore an outcome: the runner is not open."""


def _close(container: Container) -> None:
    try:
        container.close()
    except OSError as error:  # the next start of the platform removes it
        logger.warning("a container could not be removed: %s", error)


def _ended(attempt: _Attempt, reason: ExitReason, detail: str, code: int | None = None) -> AttemptOutcome:
    return AttemptOutcome(attempt.launch.attempt_id, reason, code, detail, b"")
