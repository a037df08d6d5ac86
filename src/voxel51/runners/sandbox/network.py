"""Network of a sandbox: a loopback interface with one address, from which connections are relayed to the platform.

The job's own network namespace holds a listening socket at exactly the job address, so that every URL that the job was
given stays as it is. A socket keeps the namespace in which it was created: a process outside accepts from it and
connects to the real address. No packet of the job reaches another host or another port of this one.
"""

import fcntl
import ipaddress
import select
import socket
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

CHUNK_BYTES = 256 * 1024
MAXIMUM_CONNECTIONS = 128
"""Connections of one job at the same time; more wait until one is closed."""

LOCAL_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
"""Content of ``/etc/hosts`` of a job that reaches no server."""

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8913, 0x8914, 0x8916, 0x891C
_IFF_UP = 0x1
_LOOPBACK_INDEX = 1


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

    @property
    def hosts(self) -> str:
        """Content of ``/etc/hosts`` of the job."""
        own = "" if self.host in {self.inside, "localhost"} else f"{self.inside} {self.host}\n"
        return LOCAL_HOSTS + own


def listen(address: JobAddress) -> socket.socket:
    """Bring the loopback interface of this network namespace up, and return a socket that listens at ``address``."""
    inside = ipaddress.ip_address(address.inside)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        _bring_up(control)
    _add_address(inside)
    listener = socket.socket(socket.AF_INET6 if inside.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((str(inside), address.port))
    listener.listen(MAXIMUM_CONNECTIONS)
    return listener


def _bring_up(control: socket.socket) -> None:
    request = struct.pack("16sh22x", b"lo", 0)
    flags = struct.unpack("16sh22x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
    fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def _add_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """Give the loopback interface ``address`` too, unless it has it by itself."""
    if address.is_loopback:
        return
    if address.version == 6:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, _SIOCSIFADDR, address.packed + struct.pack("Ii", 128, _LOOPBACK_INDEX))
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for call, value in ((_SIOCSIFADDR, address.packed), (_SIOCSIFNETMASK, b"\xff\xff\xff\xff")):
            fcntl.ioctl(control, call, struct.pack("16sHH4s16x", b"lo:1", socket.AF_INET, 0, value))


class _Pipe:
    """One direction of a connection: what ``source`` sends goes to ``target``."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source = source
        self.target = target
        self.pending = memoryview(b"")
        self.is_reading = True
        self.is_done = False

    def advance(self) -> None:
        """Move what can be moved without waiting.

        Raises:
            OSError: the connection is broken.
        """
        if self.is_reading and not self.pending:
            try:
                received = self.source.recv(CHUNK_BYTES)
            except BlockingIOError:
                return
            self.pending = memoryview(received)
            self.is_reading = bool(received)
        if self.pending:
            try:
                self.pending = self.pending[self.target.send(self.pending) :]
            except BlockingIOError:
                return
        if not self.pending and not self.is_reading and not self.is_done:
            self.is_done = True
            self.target.shutdown(socket.SHUT_WR)


class Relay:
    """Passes connections from a job's listener on to the platform, in one thread.

    Args:
        listener: socket in the job's network namespace.
        address: the real address of the platform.
    """

    def __init__(self, listener: socket.socket, address: JobAddress) -> None:
        self._listener = listener
        self._address = address
        self._poll = select.poll()
        self._pipes: dict[int, tuple[_Pipe, _Pipe]] = {}
        listener.setblocking(False)
        self._poll.register(listener, select.POLLIN)
        self._is_full = False

    def run_until_readable(self, descriptor: int) -> None:
        """Relay until ``descriptor`` is readable."""
        self._poll.register(descriptor, select.POLLIN)
        while True:
            for ready, events in self._poll.poll():
                if ready == descriptor:
                    return
                if ready == self._listener.fileno():
                    self._accept()
                elif ready in self._pipes:
                    self._advance(ready, events)

    def _accept(self) -> None:
        try:
            job, _ = self._listener.accept()
        except OSError:  # the job has gone away meanwhile, or this process has no descriptors left
            return
        try:
            platform = socket.create_connection((self._address.host, self._address.port), timeout=10)
        except OSError:  # the platform is away: reset the connection, so that the job tries again
            job.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            job.close()
            return
        for end in (job, platform):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (_Pipe(job, platform), _Pipe(platform, job))
        self._pipes[job.fileno()] = self._pipes[platform.fileno()] = pair
        self._watch(pair)
        if len(self._pipes) >= 2 * MAXIMUM_CONNECTIONS:
            self._poll.unregister(self._listener)
            self._is_full = True

    def _advance(self, ready: int, events: int) -> None:
        pair = self._pipes[ready]
        try:
            for pipe in pair:
                pipe.advance()
        except OSError:
            self._close(pair)
            return
        own = pair[0] if pair[0].source.fileno() == ready else pair[1]
        # An end that is closed in both directions, and from which nothing is left to read, cannot be written to either.
        is_gone = bool(events & (select.POLLERR | select.POLLHUP)) and not own.is_reading
        if is_gone or all(pipe.is_done for pipe in pair):
            self._close(pair)
        else:
            self._watch(pair)

    def _watch(self, pair: tuple[_Pipe, _Pipe]) -> None:
        """Poll each end for what its two directions wait for."""
        outward, inward = pair
        for end, incoming, outgoing in ((outward.source, outward, inward), (outward.target, inward, outward)):
            wants_input = incoming.is_reading and not incoming.pending
            events = (select.POLLIN if wants_input else 0) | (select.POLLOUT if outgoing.pending else 0)
            self._poll.register(end, events)

    def _close(self, pair: tuple[_Pipe, _Pipe]) -> None:
        for end in (pair[0].source, pair[0].target):
            self._poll.unregister(end)
            del self._pipes[end.fileno()]
            end.close()
        if self._is_full:
            self._is_full = False
            self._poll.register(self._listener, select.POLLIN)
