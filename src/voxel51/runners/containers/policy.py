"""Container policy: the privileges and limits with which the container of an attempt runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voxel51.wire.tasks import JobLimits

SCRATCH_FOLDERS = ("/tmp", "/var/tmp", "/var/log", "/run", "/root", "/shared")  # noqa: S108  (paths in containers)
"""Folders that stay writable where the root of containers is read-only, with what the image has in them."""

_SHARED_MEMORY_BYTES = 256 << 20
CPU_GRACE_SECONDS = 2
_USER_PROCESSES = 32_768
"""Processes of the user of a container on the whole machine. The limit of a container is another one; this one is
given since Podman fills in a higher one than some machines permit."""


@dataclass(frozen=True, slots=True)
class ContainerPolicy:
    """Choices of an operator for all containers.

    Attributes:
        runtime: OCI runtime, such as ``runsc``; None for the engine's default.
        user_namespace: user namespace, as the engine names it, such as Podman's ``auto``; None for its default.
        cpus: CPU cores that one container may use on average; None for all.
        has_internet: let containers reach other hosts than the platform.
        has_gpus: give images that are made for GPUs all GPUs of the machine.
        read_only_root: let containers write to `SCRATCH_FOLDERS`, their working directory and volumes only.
    """

    runtime: str | None = None
    user_namespace: str | None = None
    cpus: float | None = None
    has_internet: bool = False
    has_gpus: bool = False
    read_only_root: bool = False


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container.

    Attributes:
        image: id or name of its image, in the engine.
        environment: variables, besides those of the image.
        labels: labels by which the runner finds it again.
        network_mode: network that it joins.
        limits: resource limits.
        wants_gpu: whether its image is made for GPUs.
        read_only: paths in the container -> folders of this machine that it can read.
        writable: the same for folders that it can also write to.
        working_folder: working directory of the image.
    """

    image: str
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    network_mode: str
    limits: JobLimits
    wants_gpu: bool = False
    read_only: Mapping[str, Path] = field(default_factory=dict)
    writable: Mapping[str, Path] = field(default_factory=dict)
    working_folder: str = "/"


def host_options(spec: ContainerSpec, policy: ContainerPolicy) -> dict[str, Any]:
    """Return how the machine runs the container: no capabilities, no more privileges, and limits for everything."""
    limits = spec.limits
    options: dict[str, Any] = {
        "network_mode": spec.network_mode,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "read_only": policy.read_only_root,
        "mem_limit": limits["memory_bytes"],
        "memswap_limit": limits["memory_bytes"],
        "shm_size": min(_SHARED_MEMORY_BYTES, limits["memory_bytes"]),
        "pids_limit": limits.get("processes", -1),
        "log_driver": "none",
        "ipc_mode": "private",
        "userns_mode": policy.user_namespace,
        "runtime": policy.runtime,
        "all_gpus": spec.wants_gpu and policy.has_gpus,
        "binds": [f"{path}:{inside}:ro" for inside, path in spec.read_only.items()]
        + [f"{path}:{inside}:rw" for inside, path in spec.writable.items()],
        "ulimits": {
            # The first process of a container gets no signal at the soft limit, so there is a hard one soon after.
            "cpu": (limits["cpu_seconds"], limits["cpu_seconds"] + CPU_GRACE_SECONDS),
            "fsize": (limits["file_bytes"], limits["file_bytes"]),
            "nofile": (limits["open_files"], limits["open_files"]),
            "nproc": (_USER_PROCESSES, _USER_PROCESSES),
            "core": (0, 0),
        },
    }
    if policy.cpus is not None:
        options["nano_cpus"] = int(policy.cpus * 1e9)
    return {name: value for name, value in options.items() if value is not None}


def container_options(spec: ContainerSpec, policy: ContainerPolicy) -> dict[str, Any]:
    """Return what runs in the container: the image's own command, without its health check or published ports."""
    options: dict[str, Any] = {
        "environment": dict(spec.environment),
        "labels": dict(spec.labels),
        "healthcheck": {"test": ["NONE"]},
        "tty": False,
        "stdin_open": False,
    }
    if policy.read_only_root:
        # Volumes without a name: the engine fills each with what the image has at its path.
        given = {*spec.read_only, *spec.writable}
        options["volumes"] = [path for path in _scratch_folders(spec.working_folder) if path not in given]
    return options


def _scratch_folders(working_folder: str) -> list[str]:
    of_image = [] if working_folder in {"", "/"} else [working_folder]
    return [*SCRATCH_FOLDERS, *(path for path in of_image if path not in SCRATCH_FOLDERS)]
