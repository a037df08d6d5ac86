"""Control groups: limits that the kernel holds for all processes of a job together, in version 1 or 2.

They need root, or a group that was delegated to this user (systemd: ``Delegate=yes``). Elsewhere, the supervisor of
each job alone holds the limits, a moment later.
"""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from voxel51.runners.process_control import descendants
from voxel51.wire.tasks import JobLimits

MARGIN_BYTES = 64 << 20
"""Memory beyond a job's limit that the kernel permits: the supervisor is to act first, since it can say why."""

MARGIN_PROCESSES = 16
_REMOVE_SECONDS = 2.0
_CONTROLLERS = ("memory", "pids")


@dataclass(frozen=True, slots=True)
class ControlGroups:
    """Control groups below which the jobs of one runner get groups of their own.

    Attributes:
        parents: controllers, joined by commas -> folder of the group of this process.
        version: 1 or 2.
        missing: why the platform has no groups for jobs; None if it has.
    """

    parents: Mapping[str, Path]
    version: int
    missing: str | None = None

    @classmethod
    def find(cls) -> "ControlGroups":
        """Return the groups in which this process may make groups for its jobs."""
        try:
            found = cls(dict(_second_version()), 2) if _has_second_version() else cls(dict(_first_version()), 1)
            for parent in found.parents.values():
                trial = parent / f"voxel51-trial-{os.getpid()}"
                trial.mkdir()
                trial.rmdir()
        except OSError as error:
            return cls({}, 0, f"control groups cannot be made: {error.strerror or error}")
        if not found.parents:
            return cls({}, 0, "no control groups with the controllers memory and pids are mounted")
        return found

    def prefixes(self, runner: Path) -> tuple[str, ...]:
        """Return the paths of the groups of a runner's jobs, up to the process id that ends each."""
        return tuple(str(parent / _prefix(runner)) for parent in self.parents.values())

    def remove(self, runner: Path, pid: int) -> None:
        """Remove the groups of a job, whose processes are gone."""
        deadline = time.monotonic() + _REMOVE_SECONDS
        for prefix in self.prefixes(runner):
            while not _removed(Path(f"{prefix}{pid}")) and time.monotonic() < deadline:
                time.sleep(0.01)  # the kernel still accounts for a process that was just reaped

    def remove_all(self, runner: Path) -> None:
        """Remove what an earlier runner with the same folder left."""
        for parent in self.parents.values():
            for group in parent.glob(f"{_prefix(runner)}*"):
                _removed(group)


def create(prefixes: Iterable[str], pid: int, member: int) -> list[str]:
    """Make groups named by the process id ``pid``, and move the process ``member`` into them; return their folders.

    The kernel takes milliseconds for the move, so it is done before the job is known. A group that cannot be made is
    skipped: the supervisor holds the limits anyway.
    """
    made = []
    for group in [Path(f"{prefix}{pid}") for prefix in prefixes]:
        with suppress(OSError):
            group.mkdir(exist_ok=True)
            (group / "cgroup.procs").write_text(str(member))
            made.append(str(group))
    return made


def limit(groups: Iterable[str], limits: JobLimits) -> None:
    """Set the limits of a job in its groups."""
    memory_bytes = str(limits["memory_bytes"] + MARGIN_BYTES)
    values = {"memory.limit_in_bytes": memory_bytes, "memory.max": memory_bytes, "memory.oom.group": "1"}
    if "processes" in limits:
        values["pids.max"] = str(limits["processes"] + MARGIN_PROCESSES)
    for path in [Path(group, name) for group in groups for name in values]:
        with suppress(OSError):  # of another version or controller
            path.write_text(values[path.name])


def open_memory_events(groups: list[str]) -> int | None:
    """Return a descriptor of the file that counts the processes killed for lack of memory; None for none."""
    for group in groups:
        for name in ("memory.oom_control", "memory.events"):  # of version 1 and 2
            with suppress(OSError):
                return os.open(f"{group}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    return None


def has_killed(memory_events: int) -> bool:
    """Return whether the kernel has killed a process of the group for lack of memory."""
    try:
        lines = os.pread(memory_events, 4096, 0).decode("ascii", "replace").splitlines()
    except OSError:  # the group has vanished
        return False
    return any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in lines)


def job_was_killed(prefixes: Iterable[str], pid: int) -> bool | None:
    """Return whether the kernel has killed processes of a job for lack of memory; None if no group counts them.

    Args:
        prefixes, pid: those of `create`.
    """
    events = open_memory_events([f"{prefix}{pid}" for prefix in prefixes])
    if events is None:
        return None
    try:
        return has_killed(events)
    finally:
        os.close(events)


def _prefix(runner: Path) -> str:
    return f"voxel51-{hashlib.sha256(str(runner).encode()).hexdigest()[:12]}-"


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _own_groups() -> Iterator[tuple[str, str]]:
    """Yield the controllers of each hierarchy (empty: version 2) and the group of this process in it."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        yield controllers, path


def _mounts() -> Iterator[tuple[str, str, str, Path]]:
    """Yield the type, options and root of every control group file system, and where it is mounted."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind.startswith("cgroup"):
            fields = before.split()
            yield kind, options, fields[3], Path(fields[4])


def _has_second_version() -> bool:
    return any(
        kind == "cgroup2" and set(_CONTROLLERS) <= set((folder / "cgroup.controllers").read_text().split())
        for kind, _, _, folder in _mounts()
    )


def _second_version() -> Iterator[tuple[str, Path]]:
    """Yield this process's group, after it has been made one whose children may have limits.

    A group with limits for its children must have no process itself, so this process moves into a child.
    """
    path = next(path for controllers, path in _own_groups() if not controllers)
    for kind, _, root, folder in _mounts():
        if kind != "cgroup2":
            continue
        own = folder / os.path.relpath(path, root)
        if own.name == "voxel51-platform":
            own = own.parent
        control = own / "cgroup.subtree_control"
        if not set(_CONTROLLERS) <= set(control.read_text().split()):
            pids = [int(pid) for pid in (own / "cgroup.procs").read_text().split()]
            if set(pids) - {os.getpid(), *descendants()}:
                raise OSError("the platform shares its control group with other programs, such as a shell")
            place = own / "voxel51-platform"
            place.mkdir(exist_ok=True)
            for pid in pids:
                (place / "cgroup.procs").write_text(str(pid))
            control.write_text(" ".join(f"+{name}" for name in _CONTROLLERS))
        yield ",".join(_CONTROLLERS), own


def _first_version() -> Iterator[tuple[str, Path]]:
    own = {frozenset(controllers.split(",")): path for controllers, path in _own_groups()}
    for kind, options, root, folder in _mounts():
        found = set(options.split(",")) & set(_CONTROLLERS)
        if kind != "cgroup" or not found:
            continue
        path = next((path for controllers, path in own.items() if found <= controllers), None)
        if path is not None:
            yield ",".join(sorted(found)), folder / os.path.relpath(path, root)
