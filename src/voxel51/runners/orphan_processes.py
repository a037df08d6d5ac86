"""Orphan processes: find and kill what an earlier server process left running.

Process ids are reused, so an id alone may belong to an unrelated process. The id together with the kernel's start time
identifies a process for as long as the machine is up.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from voxel51.runners.interface import ProcessIdentity

IS_LINUX = sys.platform == "linux"
KILL_TIMEOUT_SECONDS = 30.0
"""Time limit for a killed process to disappear. Only one that hangs inside the kernel takes longer."""


def machine() -> str:
    """Return a text that is the same where process ids have the same meaning: on one machine, in one PID namespace.

    Elsewhere than on Linux it is the name of the machine.
    """
    if not IS_LINUX:
        return socket.gethostname()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot} {Path('/proc/self/ns/pid').readlink()}"


def started_at(pid: int) -> float:
    """Return the kernel's start time of the process: clock ticks since boot on Linux, seconds since 1970 elsewhere.

    Return 0.0 if the process does not exist. A zombie (dead, but not reaped by its parent) counts as not existing.
    """
    return _started_at_by_proc(pid) if IS_LINUX else started_at_by_ps(pid)


def _started_at_by_proc(pid: int) -> float:
    try:
        # The command name is in parentheses and may contain spaces and parentheses: parse after the last ")".
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return 0.0 if state in {"Z", "X"} else float(fields[18])


def started_at_by_ps(pid: int) -> float:
    """Return `started_at`, to the second, from ``ps``, which every Unix has."""
    command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C"})  # noqa: S603  (ours)
    state, _, text = found.stdout.strip().partition(" ")
    if not text or state.startswith("Z"):
        return 0.0
    return time.mktime(time.strptime(text.strip(), "%a %b %d %H:%M:%S %Y"))


def kill(process: ProcessIdentity) -> bool:
    """Kill a recorded process and its process group, wait until it is gone, and return whether it was running.

    A different process that has the same id by now is left alone.

    Raises:
        TimeoutError: the process was killed but does not disappear.
    """
    if not process.started_at or started_at(process.pid) != process.started_at:
        return False
    # Each attempt leads a process group of its own, so this reaches its children too. The second signal is for a
    # process that has not become a group leader yet.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    _wait_until_gone(process)
    return True


def kill_started_in(*folders: Path) -> int:
    """Kill every process whose temporary folder is one of ``folders`` or lies below one; return how many there were.

    ``TMPDIR`` is inherited, so this finds the descendants of a runner's children in any process group or session.
    Linux only: other systems do not let a process read the environment of another.
    """
    if not IS_LINUX:
        return 0
    count = 0
    # A process may fork between the scan and its death: repeat until a scan finds no process.
    while found := _started_in(folders):
        for process in found:
            count += kill(process)
    return count


def _started_in(folders: Sequence[Path]) -> list[ProcessIdentity]:
    exact = [f"TMPDIR={folder}".encode() for folder in folders]
    inside = tuple(each + b"/" for each in exact)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # it has exited meanwhile, or belongs to another user
            continue
        if any(variable in exact or variable.startswith(inside) for variable in variables):
            pid = int(entry.name)
            found.append(ProcessIdentity(pid, started_at(pid)))
    return [process for process in found if process.started_at]


def _wait_until_gone(process: ProcessIdentity) -> None:
    deadline = time.monotonic() + KILL_TIMEOUT_SECONDS
    if IS_LINUX:
        _wait_by_descriptor(process.pid)
    # The descriptor becomes readable when the process dies; poll until its entry is gone as well.
    while started_at(process.pid) == process.started_at:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {process.pid} was killed but still exists after {KILL_TIMEOUT_SECONDS:g} s")
        time.sleep(0.01)


def _wait_by_descriptor(pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:  # the process is gone already, or the kernel is too old for process descriptors
        return
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(KILL_TIMEOUT_SECONDS * 1000)
    finally:
        os.close(descriptor)
