"""Supervision of a job as a whole: memory, processes, scratch space and disk writes of all its processes together.

The kernel limits single processes (`voxel51.runners.child_process`) and, where it can, whole jobs
(`voxel51.runners.cgroups`). The supervisor looks several times a second, needs no privilege, and ends the job within a
second of exceeding a limit.
"""

import os
import stat
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from voxel51.runners import control_groups
from voxel51.wire.tasks import JobLimits, TaskExit

LOOK_SECONDS = 0.25
"""Interval between two looks at the processes."""

END_AGAIN_SECONDS = 0.01
"""Interval between two signals to the processes of a job that is ended: some may have forked meanwhile."""

_SCAN_SHARE = 4.0
"""A scan of the scratch folder is repeated after this multiple of its duration, at the earliest."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_BLOCK_BYTES = 512
_MOST_PATH_BYTES = 4096 - 256
"""Length of the path of a folder whose entries all have paths: 4096 bytes with the final zero, 255 for a name."""

Processes = Callable[[], list[int]]
"""Returns the ids of all processes of a job."""


class Supervisor:
    """Supervisor of one job.

    Args:
        limits: limits of the job.
        processes: returns the processes of the job.
        folder: the folder that the job writes to.
        private: file systems in memory that only this job uses.
        log: descriptor of the log, which counts as scratch space.
        memory_events: descriptor from `voxel51.runners.control_groups.open_memory_events`.
    """

    def __init__(
        self,
        limits: JobLimits,
        processes: Processes,
        folder: Path,
        private: Iterable[Path] = (),
        log: int | None = None,
        memory_events: int | None = None,
    ) -> None:
        self._limits = limits
        self._processes = processes
        self._folder = folder
        self._private = list(private)
        self._log = log
        self._memory_events = memory_events
        self._scan_due = time.monotonic() + LOOK_SECONDS
        self._scanned: tuple[int, int] = (0, 0)

    def exceeded(self) -> TaskExit | None:
        """Return the exit code that says which limit the job exceeds; None if none."""
        if self.is_out_of_memory():
            return TaskExit.OUT_OF_MEMORY
        limits, pids = self._limits, self._processes()
        threads = sum(map(_threads, pids))
        if threads > limits.get("processes", threads):
            return TaskExit.TOO_MANY_PROCESSES
        if self._exceeds_memory(pids, limits["memory_bytes"]):
            return TaskExit.OUT_OF_MEMORY
        if "written_bytes" in limits and sum(map(_written_bytes, [os.getpid(), *pids])) > limits["written_bytes"]:
            return TaskExit.WROTE_TOO_MUCH
        if "scratch_bytes" in limits and self._exceeds_scratch(pids):
            return TaskExit.SCRATCH_FULL
        return None

    def is_out_of_memory(self) -> bool:
        """Return whether the kernel has killed a process of the job: the others may wait for it forever."""
        return self._memory_events is not None and control_groups.has_killed(self._memory_events)

    def _exceeds_memory(self, pids: list[int], limit_bytes: int) -> bool:
        in_memory = sum(map(_used_bytes, self._private))
        if in_memory + sum(map(_resident_bytes, pids)) <= limit_bytes:
            return False
        # Pages that processes share since a fork were counted once for each. The exact figure takes far longer to get.
        return in_memory + sum(map(_proportional_bytes, pids)) > limit_bytes

    def _exceeds_scratch(self, pids: list[int]) -> bool:
        started = time.monotonic()
        if started >= self._scan_due:
            self._scanned = scan(self._folder, self._limits["scratch_bytes"], self._limits.get("scratch_files"))
            taken = time.monotonic() - started
            self._scan_due = started + max(LOOK_SECONDS, _SCAN_SHARE * taken)
        used_bytes, count = self._scanned
        used_bytes += _deleted_bytes(pids)
        if self._log is not None:
            used_bytes += os.fstat(self._log).st_blocks * _BLOCK_BYTES
        return used_bytes > self._limits["scratch_bytes"] or count > self._limits.get("scratch_files", count)


def in_this_namespace() -> list[int]:
    """Return all processes that this one sees, except itself: for the first process of a process namespace."""
    own = os.getpid()
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own]  # noqa: PTH208  (fast)


def _threads(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208  (fast)
    except OSError:  # it has ended
        return 0


def _resident_bytes(pid: int) -> int:
    """Return the memory that belongs to no file; pages shared with other processes count in full."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE_BYTES


def _proportional_bytes(pid: int) -> int:
    """Return the memory that belongs to no file; a page that n processes share counts as 1/n."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    values = {line.partition(":")[0]: line.split()[1] for line in lines[1:]}
    return 1024 * sum(int(values.get(name, 0)) for name in ("Pss_Anon", "Pss_Shmem", "SwapPss"))


def _written_bytes(pid: int) -> int:
    """Return what a process and its reaped descendants have sent to disks."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("write_bytes:")), 0)


def _used_bytes(mount: Path) -> int:
    try:
        found = os.statvfs(mount)
    except OSError:
        return 0
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def _deleted_bytes(pids: Iterable[int]) -> int:
    """Return the size of files that are open but have no name any more, among them files in memory (memfd)."""
    sizes: dict[tuple[int, int], int] = {}
    for pid in pids:
        with suppress(OSError):
            for name in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208  (fast)
                with suppress(OSError):
                    found = os.stat(f"/proc/{pid}/fd/{name}")  # noqa: PTH116  (fast)
                    if found.st_nlink == 0 and stat.S_ISREG(found.st_mode):
                        sizes[found.st_dev, found.st_ino] = found.st_blocks * _BLOCK_BYTES
    return sum(sizes.values())


def scan(folder: Path, most_bytes: int, most_files: int | None) -> tuple[int, int]:
    """Return the size and the number of the files in ``folder``; stop when a limit is passed.

    Folders nested more deeply than the system has paths for count as more than all that is permitted.
    """
    size = count = 0
    pending = [str(folder)]
    while pending:
        path = pending.pop()
        if len(os.fsencode(path)) >= _MOST_PATH_BYTES:  # what lies below has no path by which it could be counted
            return most_bytes + 1, count
        with suppress(OSError), os.scandir(path) as entries:  # a folder may vanish at any time
            for entry in entries:
                count += 1
                with suppress(OSError):
                    size += entry.stat(follow_symlinks=False).st_blocks * _BLOCK_BYTES
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                if size > most_bytes or (most_files is not None and count > most_files):
                    return size, count
    return size, count
