"""Network namespaces: run programs that can reach no other host."""

import shutil
import subprocess
from functools import cache

from support.requirements import skip_except_in_ci

_LOOPBACK_UP = 'ip link set lo up 2>/dev/null || python3 -c "$1"; shift; exec "$@"'
_BY_HAND = """
import fcntl, socket, struct
request = struct.pack("16sh14x", b"lo", 1 | 64)  # IFF_UP, IFF_RUNNING
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, request)  # SIOCSIFFLAGS
"""


@cache
def without_network() -> tuple[str, ...]:
    """Return a prefix that runs a command with loopback only; empty if the kernel does not allow it."""
    if shutil.which("unshare") is None:
        return ()
    for rights in ((), ("--map-root-user",)):
        prefix = ("unshare", *rights, "--net", "sh", "-c", _LOOPBACK_UP, "sh", _BY_HAND)
        done = subprocess.run([*prefix, "true"], capture_output=True, check=False)
        if done.returncode == 0:
            return prefix
    return ()


def required_without_network() -> tuple[str, ...]:
    """Return the prefix for a test that needs it; without one, skip the test, and in CI fail it."""
    prefix = without_network()
    if not prefix:
        skip_except_in_ci("the kernel does not allow network namespaces (unshare --net)")
    return prefix
