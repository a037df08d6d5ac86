"""Kernel calls of the sandbox that Python has no function for. They work on Linux only."""

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 0x1
_MOUNT_ATTR_NOSUID = 0x2
_MOUNT_ATTR_NODEV = 0x4

_NR_MOUNT_SETATTR = 442  # numbers from 424 on are the same on every machine type
_NR_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

MACHINE = os.uname().machine

libc = ctypes.CDLL(None, use_errno=True)


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")]


def checked(result: int, what: str) -> int:
    """Return ``result`` of a C function.

    Raises:
        OSError: it is negative; the text says ``what`` was called and the reason.
    """
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def unshare(flags: int) -> None:
    """Move this process (for ``CLONE_NEWPID``: its next child) into new namespaces."""
    checked(libc.unshare(flags), f"unshare({flags:#x})")


def join(process: int, flags: int) -> None:
    """Move this process (for ``CLONE_NEWPID``: its next children) into namespaces of ``process``, a descriptor.

    ``process`` is a process, or a file in ``/proc/<pid>/ns``.
    """
    checked(libc.setns(process, flags), f"setns({flags:#x})")


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, data: str = "") -> None:
    """Mount a file system of this ``kind``, or bind ``source`` to ``target``."""
    arguments = (source.encode(), target.encode(), kind.encode() if kind else None, ctypes.c_ulong(flags))
    checked(libc.mount(*arguments, data.encode() or None), f"mount({source} on {target})")


def bind(source: str, target: str) -> None:
    """Show ``source`` and everything mounted below it at ``target`` too."""
    mount(source, target, None, MS_BIND | MS_REC)


def make_read_only(path: str, *, devices: bool = False, recursive: bool = True) -> None:
    """Make the mount at ``path`` read-only and without set-user-id programs; without ``devices``, also without these.

    Raises:
        OSError: among others on Linux before 5.12, which lacks the call.
    """
    flags = _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID | (0 if devices else _MOUNT_ATTR_NODEV)
    attributes = _MountAttributes(flags, 0, 0, 0)
    result = libc.syscall(
        ctypes.c_long(_NR_MOUNT_SETATTR),
        ctypes.c_long(_AT_FDCWD),
        os.fsencode(path),
        ctypes.c_long(_AT_RECURSIVE if recursive else 0),
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    checked(result, f"mount_setattr({path})")


def pivot_root(new_root: str, old_root: str) -> None:
    """Make the mount ``new_root`` the root of this mount namespace, with the former root at ``old_root``."""
    number = _NR_PIVOT_ROOT.get(MACHINE)
    if number is None:
        raise OSError(f"pivot_root: its number is not known for the machine type {MACHINE}")
    checked(libc.syscall(ctypes.c_long(number), new_root.encode(), old_root.encode()), "pivot_root")


def unmount(path: str) -> None:
    """Detach the mount at ``path`` with all mounts below it."""
    checked(libc.umount2(path.encode(), MNT_DETACH), f"umount({path})")
