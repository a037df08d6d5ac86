"""Wiring of execution: what runs the attempts of jobs, on this machine or on the nodes of a cluster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel51.runners.interface import Runner
from voxel51.runners.nodes.runner import NodeRunner
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.processes.warm_zygotes import WarmLimits
from voxel51.runners.program_router import ProgramRouter
from voxel51.runners.programs import BundleProgram, PackageProgram, Program
from voxel51.runners.sandbox.policy import SandboxPolicy
from voxel51.runners.sandbox.probe import SandboxReport
from voxel51.server.analytics.installed import Installation
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.settings import Settings
from voxel51.server.wiring.bundles import BundleServices, build_bundles
from voxel51.server.wiring.containers import ContainerServices, build_containers
from voxel51.server.wiring.discovery import Discovery
from voxel51.server.wiring.foundation import Foundation
from voxel51.server.wiring.nodes import build_nodes, containers_of, job_limits_of
from voxel51.wire.overview import EngineKind


@dataclass(frozen=True, slots=True)
class Execution:
    """Execution of jobs: the runner of their attempts, and what is said about it.

    Attributes:
        runner: the runner of all programs.
        slots: returns the number of slots of jobs.
        bundles: the services of bundles, whose environments are built on this machine.
        containers: the runner of images, and what is said about it.
        has_gpus: returns whether jobs can use GPUs; its argument: whether the job is a container image.
        load_packages: loads these analytics, as they are installed now, for the next jobs.
        job_limits: returns a sentence that says what holds the limits of a job as a whole.
        sandbox: what this machine offers to confine jobs.
        refusal: why the sandbox does not permit any job; None if it does, or if it is judged elsewhere.
        network_refusal: why it cannot limit network access to the hosts of an analytic; likewise.
        nodes: the runner of nodes; None if jobs run on this machine.
    """

    runner: Runner
    slots: Callable[[], int]
    bundles: BundleServices
    containers: ContainerServices
    has_gpus: Callable[[bool], bool]
    load_packages: Callable[[Sequence[str]], None]
    job_limits: Callable[[], str]
    sandbox: SandboxReport
    refusal: str | None
    network_refusal: str | None
    nodes: NodeRunner | None


def build_execution(foundation: Foundation, quota: StorageQuota, discovery: Discovery) -> Execution:
    """Build what the setting ``engine`` names.

    Raises:
        OSError: the library of the engine is not installed.
    """
    settings, installed, sandbox = foundation.settings, discovery.installed.result(), discovery.sandbox.result()
    policy = sandbox.policy.hiding(settings.folder, *_other_secrets(settings))
    bundles = build_bundles(foundation, quota, sandbox, policy)
    nodes = build_nodes(foundation, installed) if settings.role.runs_jobs else None
    if nodes is not None:
        return _on_nodes(nodes, bundles, sandbox)
    return _on_this_machine(foundation, installed, bundles, sandbox, policy)


def _on_nodes(nodes: NodeRunner, bundles: BundleServices, sandbox: SandboxReport) -> Execution:
    bundles.environments.open()  # which a runner of bundles on this machine would do
    return Execution(
        runner=nodes,
        slots=nodes.slots,
        bundles=bundles,
        containers=containers_of(nodes),
        has_gpus=lambda _is_image: nodes.has_gpus(),
        load_packages=_load_nothing,
        job_limits=job_limits_of(nodes),
        sandbox=sandbox,
        refusal=None,  # nodes judge their own sandbox
        network_refusal=None,
        nodes=nodes,
    )


def _on_this_machine(
    foundation: Foundation,
    installed: Installation,
    bundles: BundleServices,
    sandbox: SandboxReport,
    policy: SandboxPolicy,
) -> Execution:
    settings = foundation.settings
    packages = _package_runner(settings, installed, policy)
    containers = build_containers(settings, foundation.job_api_url, policy)
    runners: dict[type[Program], Runner] = {PackageProgram: packages, BundleProgram: bundles.runner}
    # A process that runs no jobs may be on another machine than one that does, which judges its own sandbox.
    is_judged = settings.engine is EngineKind.LOCAL and settings.role.runs_jobs
    return Execution(
        runner=ProgramRouter({**runners, **containers.runners}),
        slots=lambda: settings.total_slots,
        bundles=bundles,
        containers=containers,
        has_gpus=lambda is_image: settings.container_gpus if is_image else settings.job_gpus,
        load_packages=packages.reload if settings.role.runs_jobs else _load_nothing,
        job_limits=lambda: packages.limits_in_force,
        sandbox=sandbox,
        refusal=sandbox.refusal(settings.sandbox_minimum) if is_judged else None,
        network_refusal=sandbox.network_refusal if is_judged else None,
        nodes=None,
    )


def _load_nothing(_entry_points: Sequence[str]) -> None:
    """Load nothing here: agents of nodes have what was installed there when they started."""


def _other_secrets(settings: Settings) -> list[Path]:
    """Return the paths outside of the data folder that no job may see."""
    named = [Path(settings.tls_key)] if settings.tls_key else []
    paths = (path.resolve() for path in (*named, settings.storage_folder, settings.secret_key_path))
    return [path for path in paths if not path.is_relative_to(settings.folder.resolve())]


def _package_runner(settings: Settings, installed: Installation, policy: SandboxPolicy) -> ProcessRunner:
    return ProcessRunner(
        settings.folder / "running",
        installed.preloaded(settings.preload_patterns),
        weights_folder=settings.weights_folder,
        policy=policy,
        import_seconds=settings.import_seconds,
        warm=WarmLimits(settings.warm_processes, settings.warm_idle_seconds, settings.warm_memory_bytes),
        gpus=settings.gpus_of_packages,
    )
