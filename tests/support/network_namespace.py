"""Running programs where no host but this one can be reached."""

import os
import shutil
import subprocess
from functools import cache

import pytest

_LOOPBACK_UP = 'ip link set lo up 2>/dev/null || python3 -c "$1"; shift; exec "$@"'
_BY_HAND = """
import fcntl, socket, struct
request = struct.pack("16sh14x", b"lo", 1 | 64)  # IFF_UP, IFF_RUNNING
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, request)  # SIOCSIFFLAGS
"""


@cache
def without_network() -> tuple[str, ...]:
    """What stands in front of a command that is to have loopback alone; empty where the kernel has no such thing."""
    if shutil.which("unshare") is None:
        return ()
    for rights in ((), ("--map-root-user",)):
        prefix = ("unshare", *rights, "--net", "sh", "-c", _LOOPBACK_UP, "sh", _BY_HAND)
        done = subprocess.run([*prefix, "true"], capture_output=True, check=False)
        if done.returncode == 0:
            return prefix
    return ()


def required_without_network() -> tuple[str, ...]:
    """The same, for a test that means nothing otherwise: it is skipped, and in CI it fails."""
    prefix = without_network()
    if not prefix:
        reason = "this kernel lets nobody make a network of their own (unshare --net)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return prefix
