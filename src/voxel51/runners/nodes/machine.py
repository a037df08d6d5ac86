"""Node machine: the runners of a node, built from settings that the platform sends.

The folder of a node has what its attempts share (environments, sources, weights), and a folder of each agent, which it
locks while it lives. An agent removes what dead ones left.
"""

import fcntl
import logging
import os
import socket
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from voxel51 import runners
from voxel51.runners.containers.engine import ContainerEngine, find_engine_url
from voxel51.runners.containers.frame_processes import FrameProcesses
from voxel51.runners.containers.policy import ContainerPolicy
from voxel51.runners.containers.runner import ContainerRunner
from voxel51.runners.environments.bundle_runner import BundleRunner, BundleRunnerSettings
from voxel51.runners.environments.store import EnvironmentStore, StoreSettings
from voxel51.runners.gpu_devices import GpuAccess
from voxel51.runners.interface import Runner
from voxel51.runners.nodes.agent import NodeAgent
from voxel51.runners.nodes.interface import Offer, Versions
from voxel51.runners.processes.folders import remove
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.processes.warm_zygotes import WarmLimits
from voxel51.runners.program_router import ProgramRouter
from voxel51.runners.programs import BundleProgram, ImageProgram, PackageProgram, Program
from voxel51.runners.resources import Resources
from voxel51.runners.sandbox.policy import SandboxKind, SandboxPolicy
from voxel51.runners.sandbox.probe import examine

logger = logging.getLogger(__name__)

FOLDER_VARIABLE = "VOXEL51_WORKER_DIR"
"""Environment variable with the folder of a node."""

DRAINING_FILE = "draining"
"""File in the folder of a node that tells its agents to start no more attempts."""

ATTEMPTS_FILE = "attempts"
"""File in the folder of an agent with the number of its attempts."""

AGENTS = "agents"
_NO_ENGINE = "no container engine was found (setting container_engine)"
_FRAME_JOB = Path(runners.__file__).parents[1] / "image2video" / "frame_job.py"


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """Settings of the platform that its nodes need. All paths in them are of the nodes.

    Attributes:
        job_url: address at which jobs reach the platform.
        lease_seconds: duration of a lease.
        sandbox: strongest sandbox that is tried.
        sandbox_minimum: weakest sandbox in which attempts may run.
        preload: analytics that the zygotes import.
        import_seconds: time that the import of one analytic may take.
        warm: limits of the processes that keep what analytics set up.
        environments: settings of the environments of bundles.
        bundles: settings of the runner of bundles.
        container_engine: URL of the container engine; ``auto``: the first that is found; ``off``: none.
        container_policy: privileges of containers.
        container_images_bytes: bytes of all images that are kept.
        gpus: which attempts of installed packages can use the GPUs of the node.
    """

    job_url: str
    lease_seconds: float
    sandbox: SandboxKind
    sandbox_minimum: SandboxKind
    preload: tuple[str, ...]
    import_seconds: float
    warm: WarmLimits
    environments: StoreSettings
    bundles: BundleRunnerSettings
    container_engine: str
    container_policy: ContainerPolicy
    container_images_bytes: int
    gpus: GpuAccess = GpuAccess.NONE


def node_folder() -> Path:
    """Return the folder of this node: that of the variable, or one of this user for temporary files.

    Raises:
        OSError: another user could write to the folder for temporary files.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else temporary_folder("voxel51-worker")


def open_agent(settings: NodeSettings, name: str, versions: Versions, total: Resources) -> NodeAgent:
    """Build and open the agent of this node, in a folder that is called ``name``."""
    folder = node_folder()
    own = own_folder(folder / AGENTS, name)
    report = examine(settings.sandbox)
    policy = report.policy.hiding(folder)
    containers, missing = _containers(settings, own, folder, policy)
    programs: dict[type[Program], Runner] = {
        PackageProgram: _processes(settings, own / "processes", folder, policy),
        BundleProgram: _bundles(settings, own / "bundles", folder, policy),
        **containers,
    }
    offer = Offer(
        host=socket.gethostname(),
        versions=versions,
        total=total,
        sandbox=report.text,
        containers=missing,
        refusal=report.refusal(settings.sandbox_minimum),
    )
    agent = NodeAgent(ProgramRouter(programs), offer, settings.lease_seconds, NodeFiles(folder, own))
    agent.open()
    return agent


class NodeFiles:
    """Files by which the agents of a node, and the command that joined it to the cluster, inform each other."""

    def __init__(self, folder: Path, own: Path) -> None:
        self._draining = folder / DRAINING_FILE
        self._attempts = own / ATTEMPTS_FILE
        self._noted = -1

    def is_draining(self) -> bool:
        """Return whether the node is about to leave."""
        return self._draining.exists()

    def note(self, attempts: int) -> None:
        """Write down how many attempts run, or have outcomes that no controller has collected."""
        if attempts != self._noted:
            self._attempts.write_text(str(attempts))
            self._noted = attempts


def attempts_on(folder: Path) -> int:
    """Return how many attempts the living agents of the node with this folder have."""
    number = 0
    for file in (folder / AGENTS).glob(f"*/{ATTEMPTS_FILE}"):
        descriptor = _lock(file.parent.with_suffix(".lock"))
        if descriptor is not None:  # its agent is dead
            os.close(descriptor)
            continue
        with suppress(OSError, ValueError):
            number += int(file.read_text())
    return number


def temporary_folder(name: str) -> Path:
    """Create the private folder of this user for temporary files that is called ``name`` and the id of the user.

    Raises:
        OSError: it exists and is not private; see `make_private`.
    """
    folder = Path(tempfile.gettempdir()) / f"{name}-{os.getuid()}"
    make_private(folder)
    return folder


def make_private(folder: Path) -> None:
    """Create a folder that only this user can use. Its name may be known to others, who may have put something there.

    Raises:
        OSError: it exists and is a link, is not a folder, or other users have access to it.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    found = folder.lstat()
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISDIR(found.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "not a folder"
        raise OSError(f"{folder} is {kind}. Remove it, or choose another folder")
    if found.st_uid != os.getuid():
        raise OSError(
            f"{folder} belongs to user {found.st_uid}, not {os.getuid()}. Remove it, or choose another folder"
        )
    if mode & 0o077:
        raise OSError(
            f"{folder} has mode {mode:04o}, so other users have access. Run chmod 700, or choose another folder"
        )


def own_folder(parent: Path, name: str) -> Path:
    """Create and lock the folder ``name``, and remove those of dead processes.

    Raises:
        OSError: another process works there, or other users have access to ``parent``; see `make_private`.
    """
    make_private(parent)
    for other in [path for path in parent.iterdir() if path.suffix != ".lock" and path.name != name]:
        lock = other.with_suffix(".lock")
        descriptor = _lock(lock)
        if descriptor is not None:
            remove(other)
            lock.unlink(missing_ok=True)
            os.close(descriptor)
    if _lock(parent / f"{name}.lock") is None:
        raise OSError(f"another agent works in {parent / name}")
    own = parent / name
    own.mkdir(mode=0o700, exist_ok=True)
    return own


def _lock(path: Path) -> int | None:
    """Lock a file until this process ends; return None if another process has locked it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _processes(settings: NodeSettings, own: Path, folder: Path, policy: SandboxPolicy) -> ProcessRunner:
    return ProcessRunner(
        own,
        settings.preload,
        weights_folder=_weights(folder),
        policy=policy,
        import_seconds=settings.import_seconds,
        warm=settings.warm,
        gpus=settings.gpus,
    )


def _bundles(settings: NodeSettings, own: Path, folder: Path, policy: SandboxPolicy) -> BundleRunner:
    store = EnvironmentStore(folder / "environments", policy, settings.environments)
    return BundleRunner(own, store, policy, replace(settings.bundles, weights_folder=_weights(folder)))


def _weights(folder: Path) -> Path:
    weights = folder / "weights"
    weights.mkdir(mode=0o755, parents=True, exist_ok=True)
    return weights


def _containers(
    settings: NodeSettings, own: Path, folder: Path, policy: SandboxPolicy
) -> tuple[dict[type[Program], Runner], str | None]:
    """Return the runner of images, or the reason why the node has no such runner."""
    url = find_engine_url(settings.container_engine)
    if url is None:
        return {}, _NO_ENGINE
    frames = None
    if find_spec("av") is not None:
        processes = ProcessRunner(own / "frame-jobs", weights_folder=_weights(folder), policy=policy)
        frames = FrameProcesses(own / "frame-jobs", processes, _FRAME_JOB)
    engine = ContainerEngine(url)
    limit = settings.container_images_bytes
    runner = ContainerRunner(own / "containers", engine, settings.job_url, settings.container_policy, limit, frames)
    return {ImageProgram: runner}, None
