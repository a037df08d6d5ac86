"""Child process set-up: give up everything that a forked process inherited, before it runs a job.

Called between ``fork`` and the job, or between ``fork`` and ``exec``, in a process with one thread.
"""

import os
import random
import resource
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from voxel51.platform.process_control import (
    IS_LINUX,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_NO_NEW_PRIVS,
    end_with_parent,
    prctl,
)
from voxel51.wire.tasks import JobLimits

FIRST_FREE_DESCRIPTOR = 3
LAST_DESCRIPTOR = 1 << 20
CPU_GRACE_SECONDS = 2
"""Time between the signal that reports the CPU limit and the one that cannot be ignored."""

PREFERRED_VICTIM = "800"
"""``oom_score_adj``: when the machine runs out of memory, the kernel ends a job before the platform."""


def become_job_process(parent: int, folder: Path, log: Path, environment: dict[str, str], limits: JobLimits) -> None:
    """Turn this process into one that has only ``folder`` to work in, ``log`` to print to, and ``environment``.

    The process leads a session and process group of its own, ends with ``parent``, has no descriptor except the
    standard three, and adopts the orphans of its descendants.

    Raises:
        OSError: a step failed; the process must not run a job.
    """
    os.setsid()
    if IS_LINUX:
        end_with_parent(parent)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    os.umask(0o077)
    _reset_signals()
    _replace_descriptors(log)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # it may be cached from the parent
    _prefer_as_oom_victim()
    _reseed()
    _limit(limits)


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _replace_descriptors(log: Path) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    # Readable, since the job uploads it by this descriptor; appending, since its descendants print there too.
    output = os.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(FIRST_FREE_DESCRIPTOR, LAST_DESCRIPTOR)


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


def _limit(limits: JobLimits) -> None:
    cpu_seconds = limits["cpu_seconds"]
    wanted = {
        resource.RLIMIT_CPU: (cpu_seconds, cpu_seconds + CPU_GRACE_SECONDS),
        resource.RLIMIT_FSIZE: (limits["file_bytes"], limits["file_bytes"]),
        resource.RLIMIT_NOFILE: (limits["open_files"], limits["open_files"]),
        resource.RLIMIT_CORE: (0, 0),
    }
    if IS_LINUX:  # other systems do not enforce it
        wanted[resource.RLIMIT_DATA] = (limits["memory_bytes"], limits["memory_bytes"])
    for kind, (soft, hard) in wanted.items():
        ceiling = resource.getrlimit(kind)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)  # noqa: PLW2901  (a process cannot raise its hard limit)
        resource.setrlimit(kind, (soft, hard))
