"""Landlock in a sandbox: limit the files a process reads and writes, and the ports it connects to, below its user's.

Inside namespaces it is a second layer. Where namespaces are not permitted, it is the first.
"""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

from voxel51.runners.process_control import PR_SET_NO_NEW_PRIVS, prctl
from voxel51.runners.sandbox import kernel

_NR_CREATE_RULESET, _NR_ADD_RULE, _NR_RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH, _RULE_NET_PORT = 1, 2

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE = 1 << 14
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15
_RIGHTS_OF_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL_RIGHTS = (1 << 16) - 1  # from version 5 on
_CONNECT_TCP, _BIND_TCP = 1 << 1, 1 << 0
_NETWORK_SINCE = 4
_SCOPES = 3  # abstract sockets and signals
_SCOPES_SINCE = 6


class _Ruleset(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("files", "network", "scoped")]


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


class _PortRule(ctypes.Structure):
    _fields_ = [("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64)]


def version() -> int:
    """Return the version of Landlock's interface in this kernel; 0 for none."""
    found = kernel.libc.syscall(ctypes.c_long(_NR_CREATE_RULESET), None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION)
    return max(0, int(found))


def restrict(readable: Sequence[Path], writable: Sequence[Path], port: int | None) -> None:
    """Restrict this process (of one thread) and its descendants irrevocably.

    They can no longer signal or trace processes outside, or connect to their abstract sockets, as far as the kernel's
    version of Landlock supports that.

    Args:
        readable: files and folders to read and execute; those that do not exist are skipped.
        writable: files and folders to read, write and execute.
        port: the only TCP port to connect to, on any host; None for no restriction.

    Raises:
        OSError: the kernel does not support Landlock.
    """
    found = version()
    if found == 0:
        raise OSError("the kernel has no Landlock, or it is not enabled")
    rights = _RIGHTS_OF_VERSION.get(found, _ALL_RIGHTS)
    network = _CONNECT_TCP | _BIND_TCP if port is not None and found >= _NETWORK_SINCE else 0
    ruleset = _Ruleset(rights, network, _SCOPES if found >= _SCOPES_SINCE else 0)
    size = ctypes.sizeof(ruleset) if found >= _SCOPES_SINCE else 16 if found >= _NETWORK_SINCE else 8
    descriptor = _call(_NR_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), 0)
    try:
        for paths, wanted in ((readable, _READ), (writable, _ALL_RIGHTS)):
            for path in paths:
                _allow(descriptor, path, wanted & rights)
        if network:
            rule = _PortRule(_CONNECT_TCP, port)
            _call(_NR_ADD_RULE, ctypes.c_long(descriptor), _RULE_NET_PORT, ctypes.byref(rule), 0)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        _call(_NR_RESTRICT_SELF, ctypes.c_long(descriptor), 0)
    finally:
        os.close(descriptor)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rule = _PathRule(rights if path.is_dir() else rights & _FILE_RIGHTS, parent)
        _call(_NR_ADD_RULE, ctypes.c_long(ruleset), _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)


def _call(number: int, *arguments: object) -> int:
    return kernel.checked(kernel.libc.syscall(ctypes.c_long(number), *arguments), f"Landlock, system call {number}")
