"""Privileges of a sandbox: user namespaces, user ids of a job's own, and capabilities."""

import ctypes
import os
from pathlib import Path

from voxel51.runners.process_control import PR_SET_NO_NEW_PRIVS, prctl
from voxel51.runners.sandbox import kernel

FIRST_JOB_USER = 0x7000_0000
"""First user id of jobs: far above the ids that systems and containers give to people, services and containers."""

JOB_USERS = 1 << 20
INSIDE_USER = 1000
"""User id that a job sees where the platform runs as root of a container that has no other user."""

_PR_CAPBSET_DROP = 24
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_PR_SET_DUMPABLE = 4
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63


def enter_user_namespace() -> None:
    """Become the owner of a new user namespace, with all capabilities in it and the same user id.

    Raises:
        OSError: the kernel or its configuration does not permit it.
    """
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")  # required before a process without privileges may map groups
    Path("/proc/self/uid_map").write_text(f"{user or INSIDE_USER} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group or INSIDE_USER} {group} 1")


def user_of(number: int) -> int:
    """Return the user id of the job that is started as the ``number``-th."""
    return FIRST_JOB_USER + number % JOB_USERS


def give_up(user: int | None) -> None:
    """Give up every capability, for this process and all that it starts, and become ``user`` (None: stay).

    Raises:
        OSError: a step failed; the process must not run a job.
    """
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    for capability in range(_LAST_CAPABILITY + 1):
        if kernel.libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # the kernel knows no more, or this process has no capabilities to begin with
    kernel.libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _clear_capabilities()
    # Changing the user makes the process's own files in /proc unreadable to itself.
    prctl(_PR_SET_DUMPABLE, 1)


def _clear_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    kernel.checked(kernel.libc.capset(header, nothing), "capset")
