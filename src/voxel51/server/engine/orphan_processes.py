"""Processes that a dead server left running: how to know them again, and how to end them.

A process number alone may mean a stranger by now; together with the kernel's start time it does not.
"""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from voxel51.server.engine.runner import ProcessIdentity

IS_LINUX = sys.platform == "linux"
ENDING_SECONDS = 30.0
"""How long a killed process may take to be gone. Only one that hangs in the kernel takes longer."""


def started_at(pid: int) -> float:
    """The kernel's start time of the process ``pid``: clock ticks since boot on Linux, seconds since 1970 elsewhere.

    0.0 when there is no such process any more; a dead one that nobody has reaped counts as there is none.
    """
    return _started_at_by_proc(pid) if IS_LINUX else started_at_by_ps(pid)


def _started_at_by_proc(pid: int) -> float:
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return 0.0 if state in {"Z", "X"} else float(fields[18])


def started_at_by_ps(pid: int) -> float:
    """`started_at` by the means that every Unix has, to the second."""
    asked = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
    found = subprocess.run(asked, capture_output=True, text=True, check=False, env={"LC_ALL": "C"})  # noqa: S603  (ours)
    state, _, text = found.stdout.strip().partition(" ")
    if not text or state.startswith("Z"):
        return 0.0
    return time.mktime(time.strptime(text.strip(), "%a %b %d %H:%M:%S %Y"))


def kill(process: ProcessIdentity) -> bool:
    """End ``process`` and its group, if it is still the one that was written down; return once it is gone.

    Returns whether it was there.

    Raises:
        TimeoutError: it was killed, but does not go.
    """
    if not process.started_at or started_at(process.pid) != process.started_at:
        return False
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    _wait_until_gone(process)
    return True


def kill_started_in(folder: Path) -> int:
    """End every process whose temporary folder is ``folder`` or lies in it; returns how many there were.

    That finds what a runner's children started, in whatever group or session it hides. Linux only: elsewhere the
    environment of a process cannot be read.
    """
    if not IS_LINUX:
        return 0
    count = 0
    while found := _started_in(folder):  # what one of them forked meanwhile is found the next time
        for process in found:
            count += kill(process)
    return count


def _started_in(folder: Path) -> list[ProcessIdentity]:
    exact = f"TMPDIR={folder}".encode()
    inside = exact + b"/"
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # gone meanwhile, or somebody else's
            continue
        if any(variable == exact or variable.startswith(inside) for variable in variables):
            pid = int(entry.name)
            found.append(ProcessIdentity(pid, started_at(pid)))
    return [process for process in found if process.started_at]


def _wait_until_gone(process: ProcessIdentity) -> None:
    deadline = time.monotonic() + ENDING_SECONDS
    if IS_LINUX:
        _wait_by_descriptor(process.pid)
    while started_at(process.pid) == process.started_at:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {process.pid} was killed but is still there after {ENDING_SECONDS:g} s")
        time.sleep(0.01)


def _wait_by_descriptor(pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:  # gone already, or a kernel without such descriptors
        return
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(ENDING_SECONDS * 1000)
    finally:
        os.close(descriptor)
