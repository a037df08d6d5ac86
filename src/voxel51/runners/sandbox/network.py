"""Network of a sandbox: a loopback interface, with listening sockets from which connections are relayed.

The job's own network namespace holds a listening socket at exactly the job address, so that every URL that the job was
given stays as it is. A socket keeps the namespace in which it was created: a process outside accepts from it and
connects to the real address (`voxel51.runners.sandbox.relay`). No packet of the job reaches another host or another
port of this one.
"""

import fcntl
import ipaddress
import socket
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8913, 0x8914, 0x8916, 0x891C
_IFF_UP = 0x1
_LOOPBACK_INDEX = 1
_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class JobAddress:
    """Host and port at which a job reaches the platform."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "JobAddress":
        """Return the address that ``url`` names."""
        parts = urlsplit(url)
        return cls(parts.hostname or "127.0.0.1", parts.port or (443 if parts.scheme == "https" else 80))

    @property
    def inside(self) -> str:
        """IP address at which the job finds the platform: the same one, or 127.0.0.1 for a name."""
        try:
            return str(ipaddress.ip_address(self.host))
        except ValueError:
            return "127.0.0.1"


def listen(address: JobAddress) -> socket.socket:
    """Bring the loopback interface of this network namespace up, and return a socket that listens at ``address``."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        _bring_up(control)
    add_address(address.inside, 1)
    return listen_at(address.inside, address.port)


def listen_at(address: str, port: int) -> socket.socket:
    """Return a socket that listens at an address that the loopback interface has."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(_BACKLOG)
    return listener


def _bring_up(control: socket.socket) -> None:
    request = struct.pack("16sh22x", b"lo", 0)
    flags = struct.unpack("16sh22x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
    fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def add_address(text: str, number: int) -> None:
    """Give the loopback interface the address ``text`` as its further one with this number; loopback it has anyway."""
    address = ipaddress.ip_address(text)
    if address.is_loopback:
        return
    if address.version == 6:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, _SIOCSIFADDR, address.packed + struct.pack("Ii", 128, _LOOPBACK_INDEX))
        return
    name = f"lo:{number}".encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for call, value in ((_SIOCSIFADDR, address.packed), (_SIOCSIFNETMASK, b"\xff\xff\xff\xff")):
            fcntl.ioctl(control, call, struct.pack("16sHH4s16x", name, socket.AF_INET, 0, value))
