"""File system of a sandbox: a new root with the interpreter read-only, and one folder that the job can write to.

The root is built in two steps, so that a process can wait between them for the job that it will run: `build` does
everything that is the same for all jobs, `enter` adds the job's folder and leaves the machine's files behind.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from voxel51.runners.sandbox import kernel
from voxel51.runners.sandbox.policy import SandboxPolicy

SYSTEM_FOLDERS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix/store", "gnu/store")
SYSTEM_FILES = (
    "etc/ld.so.cache", "etc/ld.so.conf", "etc/ld.so.conf.d", "etc/alternatives", "etc/localtime", "etc/timezone",
    "etc/ssl/certs", "etc/ssl/openssl.cnf", "etc/ca-certificates", "etc/pki/tls/certs", "etc/pki/ca-trust/extracted",
    "etc/mime.types", "etc/fonts", "sys/devices/system/cpu", "sys/devices/system/node",
)  # fmt: skip
"""Files that libraries read: certificates, fonts, and the processors that thread pools count."""

DEVICES = ("null", "zero", "full", "random", "urandom")
DEVICE_LINKS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}
"""Name in ``/dev`` -> name in ``/proc/self/fd``."""

DEVICE_FILES = [Path("/dev", name) for name in DEVICES]
WRITABLE = ("/tmp", "/dev/shm")  # noqa: S108  (private ones)
SHARED_MEMORY_BYTES = 1 << 30
TEMPORARY_BYTES = 256 << 20
"""Size of ``/tmp``, for programs that ignore ``TMPDIR``, which names the job's folder. It is in memory."""

OLD = Path("/old")
NEW = Path("/new")


def build(policy: SandboxPolicy, certificates: tuple[str, ...] = ()) -> None:
    """Mount the new root at `NEW` and move the machine's root to `OLD`, in a mount namespace of this process's own.

    The process needs a process namespace of its own too, which the new ``/proc`` then shows.

    Raises:
        OSError: a mount was refused.
    """
    kernel.mount("none", Path("/"), None, kernel.MS_REC | kernel.MS_PRIVATE)
    base = Path("/tmp")  # noqa: S108  (any folder that exists; nothing is written into the one below the mount)
    kernel.mount("sandbox", base, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755,size=1m")
    os.chdir(base)
    for folder in (OLD, NEW):
        Path(folder.name).mkdir()
    kernel.pivot_root(".", OLD.name)
    os.chdir("/")
    kernel.mount("sandbox", NEW, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755,size=1m")
    _make_temporary("tmp", TEMPORARY_BYTES)  # first: some of the folders below may lie in it
    for name in (*SYSTEM_FOLDERS, *SYSTEM_FILES):
        _show(Path("/", name))
    for path in (*policy.readable, *certificates):
        _show(Path(path))
    for path in policy.hidden:
        _hide(Path(path))
    _make_devices()
    _make_processes()


def readable_without_root() -> list[Path]:
    """Return what a job may read where it keeps the machine's root: libraries, and facts about the machine."""
    facts = ("proc/self", "proc/cpuinfo", "proc/meminfo", "proc/stat", "proc/sys/vm/overcommit_memory", "etc/hosts",
             "etc/passwd", "etc/resolv.conf", "etc/nsswitch.conf")  # fmt: skip
    return [Path("/", name) for name in (*SYSTEM_FOLDERS, *SYSTEM_FILES, *facts)]


def enter(folder: Path, shown: Sequence[Path], users: str, hosts: str) -> None:
    """Show the job's ``folder``, make the new root the only one, and enter it.

    Args:
        folder: the folder that the job may write to; it exists and belongs to the job's user.
        shown: further files and folders that the job can read, also below hidden ones.
        users: content of ``/etc/passwd``.
        hosts: content of ``/etc/hosts``.
    """
    for path in shown:
        _show(path)
    place = _place(folder)
    place.mkdir(parents=True, exist_ok=True)
    kernel.bind(_outside(folder), place)
    _write(NEW / "etc/passwd", users)
    _write(NEW / "etc/hosts", hosts)
    os.chdir(NEW)
    kernel.pivot_root(".", ".")
    kernel.unmount(".")  # the old root, which now lies on top of the new one
    kernel.make_read_only(Path("/"), devices=True, recursive=False)
    os.chdir("/")


def let_others_read(folder: Path) -> None:
    """Make the files of ``folder``, which are public, readable for the user of a job."""
    outside = _outside(folder)
    with suppress(OSError):
        for path in (outside, *outside.iterdir()):
            mode = path.stat().st_mode
            wanted = mode | (0o055 if path.is_dir() else 0o044)
            if mode != wanted:
                path.chmod(wanted)


def _place(path: Path) -> Path:
    return NEW / path.relative_to("/")


def _outside(path: Path) -> Path:
    """Return where ``path`` is found while the machine's root is at `OLD`. Links are followed as the machine does."""
    current = OLD
    pending = list(path.parts[1:])
    for _ in range(40 + len(pending)):
        if not pending:
            return current
        step = current / pending.pop(0)
        if step.is_symlink():
            target = step.readlink()
            pending = [*target.parts[target.is_absolute() :], *pending]
            current = OLD if target.is_absolute() else current
        else:
            current = current.parent if step.name == ".." else step
    raise OSError(f"{path}: too many symbolic links")


def _show(path: Path) -> None:
    """Bind a file or folder of the machine, read-only, to the same path. Skip one that does not exist."""
    outside, place = OLD / path.relative_to("/"), _place(path)
    if outside.is_symlink() and len(path.parts) == 2:  # /bin -> usr/bin
        if not place.is_symlink():
            place.symlink_to(outside.readlink())
        return
    source = _outside(path)
    if not source.exists():
        return
    if source.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    elif not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    kernel.bind(source, place)
    kernel.make_read_only(place)


def _hide(path: Path) -> None:
    """Cover a file or folder that a shown folder contains."""
    place = _place(path)
    if place.is_dir():
        kernel.mount("hidden", place, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755,size=1m")
    elif place.exists():
        kernel.bind(OLD / "dev/null", place)


def _make_devices() -> None:
    devices = NEW / "dev"
    devices.mkdir()
    for name in DEVICES:
        (devices / name).touch()
        kernel.bind(OLD / "dev" / name, devices / name)
    for name, target in DEVICE_LINKS.items():
        (devices / name).symlink_to(f"/proc/self/fd{target}")
    _make_temporary("dev/shm", SHARED_MEMORY_BYTES)


def _make_temporary(name: str, size_bytes: int) -> None:
    place = NEW / name
    place.mkdir()
    kernel.mount("temporary", place, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, f"mode=1777,size={size_bytes}")


def _make_processes() -> None:
    processes = NEW / "proc"
    processes.mkdir()
    kernel.mount("proc", processes, "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
