"""Child process set-up: give up everything that a forked process inherited, before it runs a job.

Called between ``fork`` and the job, or between ``fork`` and ``exec``, in a process with one thread.
"""

import os
import random
import resource
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from voxel51.runners.process_control import (
    IS_LINUX,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_NO_NEW_PRIVS,
    end_with_parent,
    prctl,
)
from voxel51.wire.tasks import JobLimits

STANDARD_OUTPUT = 1
STANDARD_ERROR = 2
FIRST_FREE_DESCRIPTOR = 3
LAST_DESCRIPTOR = 1 << 20
CPU_GRACE_SECONDS = 2
"""Time between the signal that reports the CPU limit and the one that cannot be ignored."""

SUPERVISORS = 8
"""Processes that the kernel permits beyond a job's limit: those around the job may count too, and the supervisor is to
see that the limit is exceeded.
"""

PREFERRED_VICTIM = "800"
"""``oom_score_adj``: when the machine runs out of memory, the kernel ends a job before the platform."""


def leave_parent() -> None:
    """Make this process lead a session and process group of its own, with new random seeds.

    The kernel takes milliseconds for a new session, so call this before the job is known.
    """
    os.setsid()
    _reseed()


def become_job_process(
    parent: int, folder: Path, environment: Mapping[str, str], limits: JobLimits, *, is_only_of_user: bool = False
) -> None:
    """Turn this process into one that has only ``folder`` to work in, and ``environment``.

    The process has called `leave_parent`. It ends with ``parent``, has no descriptor except the standard three (the
    last two are its log), and adopts the orphans of its descendants.

    The kernel counts processes by user: ``is_only_of_user`` says that no other job has this user in this namespace.

    Raises:
        OSError: a step failed; the process must not run a job.
    """
    if IS_LINUX:
        end_with_parent(parent)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    os.umask(0o077)
    _reset_signals()
    close_descriptors()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # it may be cached from the parent
    _prefer_as_oom_victim()
    _limit(limits, is_only_of_user)


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def open_log(path: str) -> None:
    """Print to the log at ``path`` from now on.

    It is readable, since the job uploads it by this descriptor, and appending, since its descendants print there too.
    """
    log = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.dup2(log, STANDARD_OUTPUT)
    os.dup2(log, STANDARD_ERROR)
    os.close(log)


def close_descriptors(*kept: int) -> None:
    """Close every descriptor except ``kept`` and the standard three, of which the first reads nothing from now on."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    first = FIRST_FREE_DESCRIPTOR
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, LAST_DESCRIPTOR)


def _prefer_as_oom_victim() -> None:
    if IS_LINUX:
        with suppress(OSError):  # some containers forbid it; the limits below still apply
            Path("/proc/self/oom_score_adj").write_text(PREFERRED_VICTIM)


def _reseed() -> None:
    """Seed the random generators, so that two jobs of one parent draw different numbers."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _limit(limits: JobLimits, is_only_of_user: bool) -> None:
    cpu_seconds = limits["cpu_seconds"]
    wanted = {
        resource.RLIMIT_CPU: (cpu_seconds, cpu_seconds + CPU_GRACE_SECONDS),
        resource.RLIMIT_FSIZE: (limits["file_bytes"], limits["file_bytes"]),
        resource.RLIMIT_NOFILE: (limits["open_files"], limits["open_files"]),
        resource.RLIMIT_CORE: (0, 0),
    }
    if IS_LINUX:  # other systems do not enforce it
        wanted[resource.RLIMIT_DATA] = (limits["memory_bytes"], limits["memory_bytes"])
    if is_only_of_user and "processes" in limits:
        wanted[resource.RLIMIT_NPROC] = (limits["processes"] + SUPERVISORS, limits["processes"] + SUPERVISORS)
    for kind, (soft, hard) in wanted.items():
        ceiling = resource.getrlimit(kind)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)  # noqa: PLW2901  (a process cannot raise its hard limit)
        resource.setrlimit(kind, (soft, hard))
