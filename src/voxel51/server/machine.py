"""The machine: its processors, memory and disk, from which default limits follow, and whether it is a container."""

import math
import os
import shutil
from pathlib import Path

_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Files with a container's limit of memory, in the two versions of control groups. Outside containers they do not
exist, or contain "max" or an enormous number."""

_QUOTA_FILES = (
    (Path("/sys/fs/cgroup/cpu.max"),),
    (Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us")),
)
"""Files with a container's quota of processor time and the period it is for, in the two versions of control groups."""

_CONTAINER_FILES = (Path("/.dockerenv"), Path("/run/.containerenv"))
_CONTAINER_VARIABLES = {"container", "KUBERNETES_SERVICE_HOST"}
"""Files and variables that Docker, Podman and Kubernetes put into containers."""


def memory_bytes() -> int:
    """Return the memory of this machine, or of this container if it is limited to less."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _CGROUP_LIMITS:
        try:
            found.append(int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return min(found)


def processors() -> int:
    """Return the number of processors of this process, or what a container's quota is worth if that is less."""
    found = [len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)]
    for paths in _QUOTA_FILES:
        try:
            quota, period = (int(word) for path in paths for word in path.read_text(encoding="ascii").split())
        except (OSError, ValueError):  # no such file, or no quota: "max"
            continue
        if quota > 0:
            found.append(math.ceil(quota / period))
    return min(found)


def is_container() -> bool:
    """Return whether this process runs in a container."""
    return bool(_CONTAINER_VARIABLES & os.environ.keys()) or any(path.exists() for path in _CONTAINER_FILES)


def disk_bytes(folder: Path) -> int:
    """Return the size of the disk that has ``folder``, which need not exist yet."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return shutil.disk_usage(existing).total
