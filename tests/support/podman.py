"""Podman for tests: configured for machines where it runs as root beside old control groups, with storage of its own.

`podman` is a fixture of the session (`tests/conftest.py`), so all tests of a run share one with its images. Images and
containers are in a folder of that run, which is removed at its end; those of the machine are never seen.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from support.requirements import require_program, skip_except_in_ci
from support.waiting import wait_until

BUILD_SECONDS = 1200

_CONTAINERS = """
[containers]
default_ulimits = []
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{folder}/tmp"
lock_type = "file"
"""
# Without these two, all instances of a machine share state and locks, and one that starts resets those of the others.

_STORAGE = """
[storage]
driver = "{driver}"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
"""


class Podman:
    """The Podman of one test run. ``environment`` is what other programs need to use the same storage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "containers.conf").write_text(_CONTAINERS.format(folder=folder))
        self.environment = {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }
        # `vfs` copies the whole image for each container, and works on every file system.
        if not self._works_with("overlay"):
            assert self._works_with("vfs"), "podman info failed with both storage drivers"

    def _works_with(self, driver: str) -> bool:
        (self.folder / "storage.conf").write_text(_STORAGE.format(driver=driver, folder=self.folder))
        try:
            self.run("info")
        except AssertionError:
            shutil.rmtree(self.folder / "storage", ignore_errors=True)
            return False
        return True

    def run(self, *arguments: str | Path, stdin: int | None = None) -> str:
        """Run ``podman`` with these arguments, and return its output. The test fails with its errors if it fails."""
        done = subprocess.run(
            ["podman", *arguments], env={**os.environ, **self.environment}, stdin=stdin, capture_output=True,
            text=True, timeout=BUILD_SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"podman {' '.join(map(str, arguments))} failed:\n{done.stdout}{done.stderr}"
        return done.stdout

    def build(self, context: Path, tag: str, arguments: Mapping[str, str], *more: str | Path) -> str:
        """Build the Dockerfile in ``context`` with these build arguments, as one layer, and return its ``tag``."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        self.run("build", "--isolation=chroot", "--layers=false", "--pull=never", *given, *more, "--tag", tag, context)
        return tag

    def import_folder(self, root: Path, tag: str, variables: Mapping[str, str]) -> str:
        """Make an image of one layer from the file system in ``root``, and return its ``tag``."""
        changes = [f"--change=ENV {name}={value}" for name, value in variables.items()]
        pack = ["tar", "--create", "--owner=0", "--group=0", "--numeric-owner", "--directory", root, "."]
        with subprocess.Popen(pack, stdout=subprocess.PIPE) as packing:
            assert packing.stdout is not None
            self.run("import", *changes, "-", tag, stdin=packing.stdout.fileno())
        return tag

    def save(self, tag: str, archive: Path) -> Path:
        """Write the image into ``archive`` as ``docker save`` does."""
        self.run("save", "--format=docker-archive", "--output", archive, tag)
        return archive

    def _is_removed(self) -> bool:
        # A container that has just ended is cleaned up by a process of its own, which writes meanwhile.
        shutil.rmtree(self.folder, ignore_errors=True)
        return not self.folder.exists()

    def close(self) -> None:
        """Remove all images and containers of this run."""
        self.run("rm", "--all", "--force", "--time=0")
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in sorted((each for each in mounts if Path(each).is_relative_to(self.folder)), reverse=True):
            subprocess.run(["umount", mount], check=True)
        wait_until(self._is_removed, f"{self.folder} could not be removed")


@contextmanager
def own_podman() -> Iterator[Podman]:
    """Yield a Podman with storage of its own. Skips the test where Podman cannot be used."""
    require_program("podman")
    require_program("runc")
    if sys.platform != "linux" or os.geteuid() != 0:
        skip_except_in_ci("containers are tested on Linux, by root")
    engine = Podman(Path(tempfile.mkdtemp(prefix="voxel51-podman-")))  # a short path: sockets are below it
    try:
        yield engine
    finally:
        engine.close()
