"""Wiring of nodes: the runner of jobs on other machines, where the setting ``engine`` asks for one."""

import hashlib
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import which

from voxel51.runners.nodes.interface import Cluster, Offer, Versions
from voxel51.runners.nodes.machine import NodeSettings
from voxel51.runners.nodes.refusals import versions_here
from voxel51.runners.nodes.runner import NodeRunner
from voxel51.runners.processes.warm_zygotes import WarmLimits
from voxel51.runners.programs import ImageProgram
from voxel51.runners.ray.cluster import RayAccess, RayCluster
from voxel51.runners.ray.membership import Member
from voxel51.runners.ray.versions import ray_version
from voxel51.runners.slurm.cluster import SlurmAccess, SlurmCluster
from voxel51.runners.slurm.commands import Placement
from voxel51.runners.slurm.messages import ENGINE
from voxel51.runners.slurm.options import parse_options
from voxel51.server.analytics.installed import Installation
from voxel51.server.extras import install_command
from voxel51.server.slurm_settings import contact_address
from voxel51.server.wiring.bundles import bundle_runner_settings, store_settings
from voxel51.server.wiring.containers import ContainerServices, container_policy
from voxel51.server.wiring.foundation import Foundation
from voxel51.server.worker_token import TOKEN_FILE, load_token, load_worker_token
from voxel51.wire.overview import EngineKind


def build_nodes(foundation: Foundation, installed: Installation) -> NodeRunner | None:
    """Build the runner of the setting ``engine``; None: jobs run on this machine.

    Raises:
        OSError: the engine's library is not installed.
    """
    settings = foundation.settings
    if settings.engine is EngineKind.LOCAL:
        return None
    build = _slurm if settings.engine is EngineKind.SLURM else _ray
    cluster, versions = build(foundation, _node_settings(foundation, installed))
    return NodeRunner(cluster, settings.node_lease_seconds, versions)


def _ray(foundation: Foundation, agents: NodeSettings) -> tuple[Cluster, Versions]:
    settings = foundation.settings
    if not ray_version():
        raise OSError(f"engine is 'ray', and Ray is not installed. Install it: {install_command('ray')}")
    token, member = load_worker_token(settings.folder), None
    if settings.ray_join:
        member = Member(settings.ray_address, token, settings.folder / "ray", cpus=0, gpus=0)
    access = RayAccess(settings.ray_address, token, _platform_id(foundation))
    return RayCluster(access, agents, member), versions_here(ray_version())


def _slurm(foundation: Foundation, agents: NodeSettings) -> tuple[Cluster, Versions]:
    settings = foundation.settings
    if which("sbatch") is None:
        raise OSError("engine is 'slurm', and sbatch was not found. Install Slurm's client commands on this machine")
    host, port = contact_address(settings.host, settings.slurm_address)
    named = settings.slurm_token_file
    token_file = Path(named).expanduser().absolute() if named else settings.folder.absolute() / TOKEN_FILE
    access = SlurmAccess(
        placement=Placement(settings.slurm_partition, settings.slurm_account, parse_options(settings.slurm_options)),
        folder_id=_folder_id(foundation),
        slots=settings.concurrency,
        host=host,
        port=port,
        token=load_token(token_file),
        token_file=token_file,
        python=settings.slurm_python,
        node_folder=settings.slurm_node_folder,
    )
    # An agent runs one attempt: nothing that is prepared for others would be used.
    alone = replace(agents, preload=(), warm=replace(agents.warm, processes=0))
    versions = versions_here(ENGINE)
    return SlurmCluster(access, versions, alone), versions


def _folder_id(foundation: Foundation) -> str:
    """Return a name of the data folder, which is the same at each start of this process, and of no other process."""
    place = f"{_platform_id(foundation)}\0{socket.gethostname()}\0{foundation.settings.folder.resolve()}"
    return hashlib.sha256(place.encode()).hexdigest()[:12]


def _platform_id(foundation: Foundation) -> str:
    """Return the same name for all processes of this platform, and no other: they share its key."""
    return hashlib.sha256(b"nodes" + foundation.secret_key).hexdigest()[:12]


def containers_of(nodes: NodeRunner) -> ContainerServices:
    """Return what is said about containers, which run on nodes."""

    def offers() -> Sequence[Offer]:
        return [state.offer for state in nodes.nodes() if state.offer and state.obstacle is None]

    def missing() -> str | None:
        reasons = [offer.containers for offer in offers()]
        if not reasons or None in reasons:
            return None  # a node that may join later can have an engine
        return f"no node has a container engine: {reasons[0]}"

    def in_force() -> str:
        hosts = ", ".join(offer.host for offer in offers() if offer.containers is None)
        return f"containers run on {hosts}" if hosts else "containers run on nodes, of which none has joined"

    return ContainerServices({ImageProgram: nodes}, missing, in_force)


def job_limits_of(nodes: NodeRunner) -> Callable[[], str]:
    """Return what says what holds the limits of jobs."""
    return lambda: f"each of {len(nodes.nodes())} nodes supervises its jobs"


def _node_settings(foundation: Foundation, installed: Installation) -> NodeSettings:
    settings = foundation.settings
    store = store_settings(settings)
    return NodeSettings(
        job_url=foundation.job_api_url,
        lease_seconds=settings.node_lease_seconds,
        sandbox=settings.sandbox,
        sandbox_minimum=settings.sandbox_minimum,
        preload=tuple(installed.preloaded(settings.preload_patterns)),
        import_seconds=settings.import_seconds,
        warm=WarmLimits(settings.warm_processes, settings.warm_idle_seconds, settings.warm_memory_bytes),
        environments=replace(store, index=replace(store.index, wheel_folder=None)),  # a folder of this machine
        bundles=replace(bundle_runner_settings(settings), weights_folder=None),
        container_engine=settings.container_engine,
        container_policy=container_policy(settings),
        container_images_bytes=settings.container_images_bytes,
        gpus=settings.gpus_of_packages,
    )
