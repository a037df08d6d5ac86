"""Process control by the kernel: options, children, threads, and the link to the parent. Complete only on Linux."""

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

IS_LINUX = sys.platform == "linux"

PARENT_CHECK_SECONDS = 0.5
"""Interval at which a process outside Linux checks that its parent is alive."""


_MADV_COLLAPSE = 25
_HUGE_PAGE_BYTES = 2 << 20


def _loaded_prctl() -> Callable[..., int] | None:
    if not IS_LINUX:
        return None
    prctl: Callable[..., int] = ctypes.CDLL(None, use_errno=True).prctl
    return prctl


_PRCTL = _loaded_prctl()


def prctl(option: int, value: int) -> None:
    """Call ``prctl(option, value)``; without effect outside Linux.

    Raises:
        OSError: the kernel rejected the call.
    """
    if _PRCTL is not None and _PRCTL(option, value, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl({option}, {value}): {os.strerror(code)}")


def use_huge_pages() -> None:
    """Move the private memory of this process into huge pages, as far as the kernel can (Linux 6.1).

    Forks then copy a smaller page table. A child that writes to such a page gets only the 4 KiB around it.
    """
    if not IS_LINUX:
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, permissions, _, _, inode = line.split(None, 5)[:5]
        if permissions == "rw-p" and inode == "0":
            start, end = (int(address, 16) for address in addresses.split("-"))
            start = -(-start // _HUGE_PAGE_BYTES) * _HUGE_PAGE_BYTES
            end = end // _HUGE_PAGE_BYTES * _HUGE_PAGE_BYTES
            if start < end:
                madvise(start, end - start, _MADV_COLLAPSE)  # an error leaves small pages


def children() -> list[int]:
    """Return the process ids of this process's children, including zombies; empty if the kernel does not report
    them.
    """
    if not IS_LINUX:
        return []
    own = os.getpid()
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{own}/children").read_text().split()]
    except OSError:  # a kernel built without that file
        return [pid for pid in _processes() if _parent_of(pid) == own]


def descendants() -> list[int]:
    """Return the descendants of this process, which adopts orphans; only on Linux."""
    found: list[int] = []
    pending = [os.getpid()]
    while pending:
        pid = pending.pop()
        with suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  (fast)
                text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
                children = [int(child) for child in text.split()]
                found += children
                pending += children
    return found


def thread_count() -> int:
    """Return the number of threads of this process, including those unknown to Python; 0 if the kernel does not report
    it.
    """
    return len(os.listdir("/proc/self/task")) if IS_LINUX else 0  # noqa: PTH208  (a third of the time of iterdir)


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process so far; 0.0 if the kernel does not report it."""
    try:
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except (OSError, ValueError):
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent_of(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def end_with_parent(parent: int) -> None:
    """End this process when ``parent``, the process that started it, ends.

    On Linux the kernel does it; elsewhere a thread checks twice a second and ends the process group. If the parent has
    already ended, this process ends here.
    """
    if IS_LINUX:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=watch_parent, args=(parent,), daemon=True, name="parent-watch").start()
    if os.getppid() != parent:  # the parent may have ended before the line above took effect
        os.kill(os.getpid(), signal.SIGKILL)


def end_by(number: int) -> None:
    """End this process by a signal, without a core dump, which might contain credentials of a job."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})


def watch_parent(parent: int) -> None:
    """End this process group when ``parent`` has ended. Never returns."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os.killpg(0, signal.SIGKILL)
