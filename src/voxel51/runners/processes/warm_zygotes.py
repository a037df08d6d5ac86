"""Warm zygotes: processes that have run ``setup()`` of one analytic for the jobs of one owner.

A job of such an analytic is forked from its warm zygote, with what `setup` made in memory, and is confined as any other
job. What a job changes in its memory ends with it, so no job finds anything of an earlier one. A warm zygote is started
after the first successful job of its key, beside the jobs: none waits for it, and a job that finds none ready runs as
usual. Warm zygotes use no slots; the least recently used are ended first when memory is short.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.attempts import RunningAttempt
from voxel51.runners.processes.zygote_supervisor import ZygoteSupervisor

logger = logging.getLogger(__name__)

CHECK_SECONDS = 2.0
"""Interval at which idle zygotes and their memory are checked, while there are any."""


@dataclass(frozen=True, slots=True)
class WarmLimits:
    """Limits of the warm zygotes of one runner.

    Attributes:
        processes: how many there are at most.
        idle_seconds: time after the last use, at which one is ended.
        memory_bytes: memory of all of them together.
    """

    processes: int
    idle_seconds: float
    memory_bytes: int


@dataclass(slots=True)
class _WarmZygote:
    supervisor: ZygoteSupervisor
    program: str
    used_at: float = field(default_factory=time.monotonic)

    @property
    def is_ready(self) -> bool:
        return self.supervisor.is_ready() and self.supervisor.is_alive()

    @property
    def is_idle(self) -> bool:
        return not self.supervisor.attempts()


class WarmZygotes:
    """The warm zygotes of one runner, by the key of their launches. Safe from any thread.

    Args:
        limits: their limits; with 0 processes, nothing is kept.
        start: starts the supervisor of a warm zygote for a launch; raises `OSError`.
    """

    def __init__(self, limits: WarmLimits, start: Callable[[LaunchSpec], ZygoteSupervisor]) -> None:
        self._limits = limits
        self._start = start
        self._lock = threading.Lock()
        self._zygotes: dict[str, _WarmZygote] = {}
        self._failed: set[str] = set()  # keys whose setup failed: their jobs run without
        self._is_closed = False

    def has(self, key: str) -> bool:
        """Return whether a warm zygote with this key is ready."""
        with self._lock:
            zygote = self._zygotes.get(key)
            return zygote is not None and zygote.is_ready

    def has_failed(self, key: str) -> bool:
        """Return whether the setup for this key failed, or took too long."""
        self.check()
        with self._lock:
            return key in self._failed

    def launch(self, attempt: RunningAttempt) -> ZygoteSupervisor | None:
        """Launch an attempt on the warm zygote of its key, and return its supervisor; None if none is ready."""
        key = attempt.launch.warm_key
        self._leave_memory_for(attempt.launch)
        with self._lock:
            zygote = self._zygotes.get(key) if key is not None else None
            if zygote is None or not zygote.is_ready or not zygote.supervisor.launch(attempt):
                return None
            zygote.used_at = time.monotonic()
            return zygote.supervisor

    def prepare_for_next(self, launch: LaunchSpec) -> None:
        """Start a warm zygote for the next job like ``launch``, which was successful, unless there is one."""
        key = launch.warm_key
        if key is None:
            return
        self.check()
        with self._lock:
            if self._is_closed or key in self._failed or key in self._zygotes or not self._has_place():
                return
            try:
                self._zygotes[key] = _WarmZygote(self._start(launch), str(launch.program))
            except OSError as error:
                logger.warning("no warm process could be started: %s", error)

    def check(self) -> None:
        """End the zygotes that are idle for long or use too much memory, and drop those that died."""
        with self._lock:
            for key, zygote in list(self._zygotes.items()):
                if not zygote.supervisor.is_alive():
                    self._drop_dead(key, zygote)
                elif not zygote.is_ready or not zygote.is_idle:  # a long setup() does not count
                    zygote.used_at = time.monotonic()
                elif time.monotonic() - zygote.used_at >= self._limits.idle_seconds:
                    self._end(key)
            self._keep_memory_limit()

    def end_all(self) -> None:
        """Let every warm zygote end after its last attempt, as at a reload: its code may have changed."""
        with self._lock:
            for key in list(self._zygotes):
                self._end(key)
            self._failed.clear()

    def close(self) -> None:
        """Start no more warm zygotes. Their supervisors are closed by the runner."""
        with self._lock:
            self._is_closed = True

    def _has_place(self) -> bool:
        """Return whether one more may be started; end the least recently used idle one if that is needed."""
        if len(self._zygotes) >= self._limits.processes:
            self._end_least_recently_used()
        return len(self._zygotes) < self._limits.processes

    def _leave_memory_for(self, launch: LaunchSpec) -> None:
        """End idle zygotes until the machine has the memory that the attempt may use."""
        with self._lock:
            # A zygote that was told to exit gives its memory back a moment later, so what it uses is added here.
            available = _available_bytes() if self._zygotes else None
            while available is not None and available < launch.limits["memory_bytes"]:
                ended = self._end_least_recently_used(except_for=launch.warm_key)
                if ended is None:
                    return
                available += _used_bytes(ended)

    def _keep_memory_limit(self) -> None:
        used = {key: _used_bytes(zygote) for key, zygote in self._zygotes.items()}
        while sum(used[key] for key in self._zygotes) > self._limits.memory_bytes:
            if self._end_least_recently_used() is None:
                return

    def _end_least_recently_used(self, except_for: str | None = None) -> _WarmZygote | None:
        idle = [key for key, zygote in self._zygotes.items() if zygote.is_idle and key != except_for]
        return self._end(min(idle, key=lambda key: self._zygotes[key].used_at)) if idle else None

    def _end(self, key: str) -> _WarmZygote:
        zygote = self._zygotes.pop(key)
        zygote.supervisor.retire()
        return zygote

    def _drop_dead(self, key: str, zygote: _WarmZygote) -> None:
        del self._zygotes[key]
        if not zygote.supervisor.is_ready():
            self._failed.add(key)
            logger.warning(
                "setup() failed or took too long for %s: its jobs run without a warm process", zygote.program
            )


def _used_bytes(zygote: _WarmZygote) -> int:
    """Return the memory of a warm zygote that belongs to no file."""
    page_bytes = 4096
    try:
        _, resident, shared, *_ = Path(f"/proc/{zygote.supervisor.zygote_pid}/statm").read_text().split()
    except (OSError, ValueError):  # it has ended
        return 0
    return (int(resident) - int(shared)) * page_bytes


def _available_bytes() -> int | None:
    """Return the memory that new processes of this machine can use; None where the kernel does not report it."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
