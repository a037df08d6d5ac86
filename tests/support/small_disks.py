"""Small disks: file systems of a few megabytes, for tests of a full disk."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.requirements import skip_except_in_ci

SMALL_DISK_MIB = 64


@contextmanager
def mounted_small_disk(folder: Path, size_mib: int = SMALL_DISK_MIB) -> Iterator[Path]:
    """Mount a file system of ``size_mib`` at ``folder``.

    Without the right to mount one, the test is skipped locally and fails in CI.
    """
    folder.mkdir()
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    mount = [*as_root, "mount", "-t", "tmpfs", "-o", f"size={size_mib}m,mode=0777", "tmpfs", str(folder)]
    mounted = shutil.which(mount[0]) and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    if not mounted:
        skip_except_in_ci("a small file system cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run([*as_root, "umount", "--lazy", str(folder)], check=True)
