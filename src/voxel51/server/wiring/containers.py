"""Wiring of containers: the engine that runs images of uploaded analytics, where this machine has one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from voxel51 import runners
from voxel51.runners.containers.engine import ContainerEngine, find_engine_url
from voxel51.runners.containers.frame_processes import FrameProcesses
from voxel51.runners.containers.policy import ContainerPolicy
from voxel51.runners.containers.runner import ContainerRunner
from voxel51.runners.interface import Runner
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.programs import ImageProgram, Program
from voxel51.runners.sandbox.policy import SandboxPolicy
from voxel51.server.extras import install_command, is_installed
from voxel51.server.settings import Settings

_NO_ENGINE = "no container engine was found (setting container_engine)"
_FRAME_JOB = Path(runners.__file__).parents[1] / "image2video" / "frame_job.py"


@dataclass(frozen=True, slots=True)
class ContainerServices:
    """The container runner, and what is said about it.

    Attributes:
        runners: the runner of images; empty without an engine.
        missing: returns why no container can be run, as a phrase; None if they can.
        in_force: returns the engine and what confines containers, as a phrase; empty while none can be run.
    """

    runners: dict[type[Program], Runner]
    missing: Callable[[], str | None]
    in_force: Callable[[], str]


def build_containers(settings: Settings, job_url: str, sandbox: SandboxPolicy) -> ContainerServices:
    """Build the container runner. Jobs reach the platform at ``job_url``; frames are made in the ``sandbox``."""
    url = find_engine_url(settings.container_engine)
    if url is None:
        return ContainerServices({}, lambda: _NO_ENGINE, lambda: "")
    folder = settings.folder / "containers"
    runner = ContainerRunner(
        folder,
        ContainerEngine(url),
        job_url,
        container_policy(settings),
        settings.container_images_bytes,
        _frame_jobs(settings, folder / "frame-jobs", sandbox),
    )
    return ContainerServices({ImageProgram: runner}, lambda: runner.unavailable_reason, lambda: runner.description)


def container_policy(settings: Settings) -> ContainerPolicy:
    """Return the privileges of containers that the operator chose."""
    return ContainerPolicy(
        runtime=settings.container_runtime or None,
        user_namespace=settings.container_user_namespace or None,
        cpus=settings.container_cpus or None,
        has_internet=settings.container_internet,
        has_gpus=settings.container_gpus,
        read_only_root=settings.container_read_only_root,
    )


def missing_for_frames() -> str | None:
    """Return why no frames can be extracted from videos, as a phrase; None if they can."""
    if is_installed("labels"):
        return None
    return f"the extra 'labels' is not installed on the platform ({install_command('labels')})"


def _frame_jobs(settings: Settings, folder: Path, sandbox: SandboxPolicy) -> FrameProcesses | None:
    """Return what runs frame jobs; None without the packages that these import: they would fail as the analytic's."""
    if missing_for_frames() is not None:
        return None
    processes = ProcessRunner(folder, weights_folder=settings.weights_folder, policy=sandbox)
    return FrameProcesses(folder, processes, _FRAME_JOB)
