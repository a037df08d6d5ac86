"""File system of a sandbox: a new root with the interpreter read-only, and one folder that the job can write to.

It is made in three steps, so that a job waits for little of it. `plan` looks the files of the machine up, once for all
jobs. `build` mounts what is the same for all, in a process that waits for its job. `enter` adds the job's own folder
and leaves the machine's files behind.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from voxel51.runners.sandbox import kernel
from voxel51.runners.sandbox.policy import SandboxPolicy

SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
SYSTEM_FILES = (
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime", "/etc/timezone",
    "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/pki/tls/certs", "/etc/mime.types",
    "/etc/pki/ca-trust/extracted", "/etc/fonts", "/sys/devices/system/cpu", "/sys/devices/system/node",
)  # fmt: skip
"""Files that libraries read: certificates, fonts, and the processors that thread pools count."""

FACTS = (
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm/overcommit_memory", "/etc/hosts",
    "/etc/passwd", "/etc/resolv.conf", "/etc/nsswitch.conf",
)  # fmt: skip
"""Facts about the machine that a job reads where it keeps the machine's root."""

DEVICES = ("null", "zero", "full", "random", "urandom")
DEVICE_FILES = [Path("/dev", name) for name in DEVICES]
DEVICE_LINKS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}
"""Name in ``/dev`` -> name in ``/proc/self/fd``."""

PRIVATE = {"/tmp": 256 << 20, "/dev/shm": 1 << 30}  # noqa: S108  (private ones)
"""File systems in memory of each job's own, and their sizes in bytes.

``/tmp`` is for programs that ignore ``TMPDIR``, which names the job's folder on disk.
"""

_OLD, _NEW = "/old", "/new"
_PROTECTED = kernel.MS_NOSUID | kernel.MS_NODEV
_SMALL = "mode=0755,size=1m"


@dataclass(frozen=True, slots=True)
class Plan:
    """Content of the new root: paths in it, in the order in which they are made.

    Attributes:
        links: path -> target of a symbolic link.
        shown: path -> the file or folder of the machine that is shown there, and whether it is a folder.
        hidden: path -> whether it is a folder; these cover something shown.
    """

    links: dict[str, str]
    shown: dict[str, tuple[str, bool]]
    hidden: dict[str, bool]


def plan(policy: SandboxPolicy) -> Plan:
    """Look up what jobs under ``policy`` are shown."""
    links = {path: os.readlink(path) for path in SYSTEM_FOLDERS if os.path.islink(path)}  # noqa: PTH114, PTH115
    paths = sorted({*SYSTEM_FOLDERS, *SYSTEM_FILES, *policy.readable} - links.keys())
    shown = {path: found for path in paths if (found := _looked_up(path)) is not None}
    covered = [path for path in policy.hidden if any(Path(path).is_relative_to(place) for place in shown)]
    hidden = {path: os.path.isdir(path) for path in covered if os.path.exists(path)}  # noqa: PTH110, PTH112
    return Plan(links, shown, hidden)


def _looked_up(path: str) -> tuple[str, bool] | None:
    real = os.path.realpath(path)  # a link could not be followed from within the new root
    return (real, os.path.isdir(real)) if os.path.exists(real) else None  # noqa: PTH110, PTH112  (no error either)


def build(planned: Plan) -> None:
    """Mount the new root at `_NEW` and move the machine's root to `_OLD`, in a mount namespace of this process's own.

    The process needs a process namespace of its own too, which the new ``/proc`` then shows.

    Raises:
        OSError: a mount was refused.
    """
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    base = "/tmp"  # noqa: S108  (any folder that exists; nothing is written into the one below the mount)
    kernel.mount("sandbox", base, "tmpfs", _PROTECTED, _SMALL)
    os.chdir(base)
    for folder in (_OLD, _NEW):
        os.mkdir(folder[1:])  # noqa: PTH102
    kernel.pivot_root(".", _OLD[1:])
    os.chdir("/")
    kernel.mount("sandbox", _NEW, "tmpfs", _PROTECTED, _SMALL)
    _make_private("/tmp")  # noqa: S108  (before the folders below, of which some may lie in it)
    for path, target in planned.links.items():
        os.symlink(target, _make_parent(path))  # noqa: PTH211
    for path, (source, is_folder) in planned.shown.items():
        _show(path, source, is_folder)
    for path, is_folder in planned.hidden.items():
        if is_folder:
            kernel.mount("hidden", _NEW + path, "tmpfs", _PROTECTED, _SMALL)
        else:
            kernel.bind(f"{_OLD}/dev/null", _NEW + path)
    _make_devices()
    os.mkdir(f"{_NEW}/proc")  # noqa: PTH102
    kernel.mount("proc", f"{_NEW}/proc", "proc", _PROTECTED | kernel.MS_NOEXEC)


def enter(folder: Path, shown: Iterable[Path], devices: Iterable[Path], users: str, hosts: str) -> None:
    """Show the job's ``folder``, make the new root the only one, and enter it.

    Args:
        folder: the folder that the job may write to; it exists and belongs to the job's user.
        shown: further files and folders that the job can read, also below hidden ones.
        devices: further device files that the job can use; those that do not exist are left out.
        users: content of ``/etc/passwd``.
        hosts: content of ``/etc/hosts``.
    """
    for path in shown:
        source = _outside(path)
        if os.path.exists(source):  # noqa: PTH110
            _show(str(path), str(source).removeprefix(_OLD), source.is_dir())
    for path in devices:
        if os.path.exists(_OLD + str(path)):  # noqa: PTH110
            _show_device(str(path))
    place = f"{_NEW}{folder}"
    os.makedirs(place, exist_ok=True)  # noqa: PTH103
    kernel.bind(str(_outside(folder)), place)
    for name, text in (("passwd", users), ("hosts", hosts)):
        Path(_make_parent(f"/etc/{name}")).write_text(text, encoding="utf-8")
    os.chdir(_NEW)
    kernel.pivot_root(".", ".")
    kernel.unmount(".")  # the old root, which now lies on top of the new one
    kernel.make_read_only("/", devices=True, recursive=False)
    os.chdir("/")


def let_others_read(folder: Path) -> None:
    """Make the files of ``folder``, which are public, readable for the user of a job. Call it before `enter`."""
    outside = _outside(folder)
    with suppress(OSError):
        for path in (outside, *outside.iterdir()):
            mode = path.stat().st_mode
            wanted = mode | (0o055 if path.is_dir() else 0o044)
            if mode != wanted:
                path.chmod(wanted)


def readable_without_root() -> Sequence[Path]:
    """Return what a job may read where it keeps the machine's root."""
    return [Path(path) for path in (*SYSTEM_FOLDERS, *SYSTEM_FILES, *FACTS)]


def _outside(path: Path) -> Path:
    """Return where ``path`` is found while the machine's root is at `_OLD`. Links are followed as the machine does."""
    old = Path(_OLD)
    current, pending = old, list(path.parts[1:])
    for _ in range(40 + len(pending)):
        if not pending:
            return current
        step = current / pending.pop(0)
        if step.is_symlink():
            target = step.readlink()
            pending = [*target.parts[target.is_absolute() :], *pending]
            current = old if target.is_absolute() else current
        else:
            current = current.parent if step.name == ".." else step
    raise OSError(f"{path}: too many symbolic links")


def _show(path: str, source: str, is_folder: bool) -> None:
    """Bind the machine's ``source``, read-only, to ``path`` in the new root."""
    place = _make_parent(path)
    if is_folder:
        with suppress(FileExistsError):
            os.mkdir(place)  # noqa: PTH102
    elif not os.path.exists(place):  # noqa: PTH110
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o644))
    kernel.bind(_OLD + source, place)
    kernel.make_read_only(place)


def _make_parent(path: str) -> str:
    """Return where ``path`` is in the new root, and create its parents."""
    place = _NEW + path
    os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
    return place


def _make_devices() -> None:
    os.mkdir(f"{_NEW}/dev")  # noqa: PTH102
    for name in DEVICES:
        _show_device(f"/dev/{name}")
    for name, target in DEVICE_LINKS.items():
        os.symlink(f"/proc/self/fd{target}", f"{_NEW}/dev/{name}")  # noqa: PTH211
    _make_private("/dev/shm")  # noqa: S108


def _show_device(path: str) -> None:
    place = _make_parent(path)
    os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o666))
    kernel.bind(_OLD + path, place)


def _make_private(path: str) -> None:
    os.mkdir(_NEW + path)  # noqa: PTH102
    kernel.mount("private", _NEW + path, "tmpfs", _PROTECTED, f"mode=1777,size={PRIVATE[path]}")
