"""System calls of a sandbox: a seccomp filter that refuses what no analytic needs and attacks on the kernel use.

Refused: mounting and namespaces, tracing other processes, modules, keys, raw and virtual-machine sockets (which no
network namespace confines), and every call newer than this file.
"""

import ctypes
import errno
import struct

from voxel51.runners.process_control import PR_SET_NO_NEW_PRIVS, prctl
from voxel51.runners.sandbox import kernel

# name -> numbers on x86_64 and aarch64
_REFUSED = {
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438),
    "kcmp": (312, 272), "process_madvise": (440, 440), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "acct": (163, 89), "quotactl": (179, 60), "quotactl_fd": (443, 443), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "lookup_dcookie": (212, 18), "nfsservctl": (180, 42), "syslog": (103, 116),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171),
    "sethostname": (170, 161), "setdomainname": (171, 162), "vhangup": (153, 58), "fanotify_init": (300, 262),
    "migrate_pages": (256, 238), "move_pages": (279, 239),
}  # fmt: skip
_ONLY_X86 = (134, 136, 139, 154, 156, 172, 173)  # uselib, ustat, sysfs, modify_ldt, _sysctl, iopl, ioperm
_CLONE = (56, 220)
_SOCKET = (41, 198)
_IOCTL = (16, 29)
_SECCOMP = (317, 277)
_CLONE3 = 435
_LAST_KNOWN = 462  # mseal
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_X32_BIT = 0x40000000
_NAMESPACE_FLAGS = (
    kernel.CLONE_NEWNS | kernel.CLONE_NEWCGROUP | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET
)  # fmt: skip
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_SOCK_STREAM, _SOCKET_TYPE_MASK = 1, 0xF
_TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX

_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_SET_MODE_FILTER = 1
_FLAG_SPEC_ALLOW = 1 << 2  # without it, old kernels slow every process with a filter down


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def is_known_machine() -> bool:
    """Return whether the filter exists for this type of machine."""
    return kernel.MACHINE in _ARCHITECTURES


def refuse(*, local: bool = True, datagrams: bool = True) -> None:
    """Refuse the system calls from now on, in this process (of one thread) and all that it starts.

    Without ``local``, sockets of this machine are refused (pairs are allowed), and without ``datagrams``, Internet
    sockets are streams only: for jobs that share the files and the network of the machine. Landlock confines neither.

    Raises:
        OSError: the kernel does not support filters.
    """
    column, _ = _ARCHITECTURES[kernel.MACHINE]
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    text = _filter(local, datagrams)
    program = _Program(len(text) // 8, text)
    number, mode = ctypes.c_long(_SECCOMP[column]), ctypes.c_long(_SET_MODE_FILTER)
    result = kernel.libc.syscall(number, mode, ctypes.c_long(_FLAG_SPEC_ALLOW), ctypes.byref(program))
    kernel.checked(result, "seccomp")


def _filter(local: bool, datagrams: bool) -> bytes:
    """Return the program: each rule loads what it compares, and returns or falls through to the next."""
    column, architecture = _ARCHITECTURES[kernel.MACHINE]
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        *_when(_AT_LEAST, _X32_BIT, errno.ENOSYS),
        *_when(_AT_LEAST, _LAST_KNOWN + 1, errno.ENOSYS),
        *_when(_EQUAL, _CLONE3, errno.ENOSYS),  # its flags are in memory, out of a filter's sight; libraries use clone
    ]  # fmt: skip
    numbers = {numbers[column] for numbers in _REFUSED.values()} | set(_ONLY_X86 if column == 0 else ())
    for number in sorted(numbers):
        steps += _when(_EQUAL, number, errno.EPERM)
    steps += _rule(_CLONE[column], [(_LOAD, 0, 0, _argument(0)), *_when(_ANY_BIT, _NAMESPACE_FLAGS, errno.EPERM)])
    injections = [step for request in _TERMINAL_INJECTION for step in _when(_EQUAL, request, errno.EPERM)]
    steps += _rule(_IOCTL[column], [(_LOAD, 0, 0, _argument(1)), *injections])
    steps += _rule(_SOCKET[column], _socket_steps(local, datagrams))
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _socket_steps(local: bool, datagrams: bool) -> list[tuple[int, int, int, int]]:
    """Allow local and Internet sockets, and the kind of netlink by which name resolution lists interfaces."""
    streams = [] if datagrams else [
        (_LOAD, 0, 0, _argument(1)), (_AND, 0, 0, _SOCKET_TYPE_MASK), (_EQUAL, 1, 0, _SOCK_STREAM),
        (_RETURN, 0, 0, _ERRNO | errno.EACCES),
    ]  # fmt: skip
    local_result = _ALLOW if local else _ERRNO | errno.EACCES
    internet = [*streams, (_RETURN, 0, 0, _ALLOW)]
    return [
        (_LOAD, 0, 0, _argument(0)), (_EQUAL, 0, 1, _AF_UNIX), (_RETURN, 0, 0, local_result),
        (_EQUAL, 1, 0, _AF_INET), (_EQUAL, 0, len(internet), _AF_INET6), *internet,
        (_EQUAL, 1, 0, _AF_NETLINK), (_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT),
        (_LOAD, 0, 0, _argument(2)), (_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _ERRNO | errno.EPROTONOSUPPORT),
    ]  # fmt: skip


def _when(comparison: int, value: int, code: int) -> list[tuple[int, int, int, int]]:
    return [(comparison, 0, 1, value), (_RETURN, 0, 0, _ERRNO | code)]


def _rule(number: int, steps: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Return ``steps`` for the call ``number``, which is allowed if none returns; other calls skip them."""
    return [(_EQUAL, 0, len(steps) + 1, number), *steps, (_RETURN, 0, 0, _ALLOW)]


def _argument(index: int) -> int:
    return _ARGUMENTS_AT + 8 * index  # the lower half: both machine types are little-endian
