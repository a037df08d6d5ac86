"""The machine: its memory and disk, from which default limits follow."""

import os
import shutil
from pathlib import Path

_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Files with a container's limit of memory, in the two versions of control groups. Outside containers they do not
exist, or contain "max" or an enormous number."""


def memory_bytes() -> int:
    """Return the memory of this machine, or of this container if it is limited to less."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _CGROUP_LIMITS:
        try:
            found.append(int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return min(found)


def disk_bytes(folder: Path) -> int:
    """Return the size of the disk that has ``folder``, which need not exist yet."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return shutil.disk_usage(existing).total
