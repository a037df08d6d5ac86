"""Doors of a sandbox: the listeners in the network of a job, for the platform and for the hosts that it may reach.

The job finds each host by its name, at a loopback address of its own: ``/etc/hosts`` says which. The name is resolved
again outside, for each connection, and the connection goes to one of the addresses that were checked then. So neither
the job nor a name server chooses where it goes: an address that is not public is refused unless the grant names it.
"""

import itertools
import os
import socket
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, ip_address

from voxel51.runners.network_permission import AllowedHost, NetworkPermission
from voxel51.runners.public_addresses import Address
from voxel51.runners.sandbox.network import JobAddress, add_address, listen, listen_at
from voxel51.runners.sandbox.relay import Budget, Door

PLATFORM_CONNECTIONS = 128
HOST_CONNECTIONS = 64
"""Connections of one job to the platform, and to all granted hosts together, at the same time."""

_FIRST_INSIDE = IPv4Address("127.51.0.1")
"""Address of the first name inside: all of 127.0.0.0/8 is on the loopback interface."""

_LOCAL_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
_PLATFORM_SECONDS = 10.0
_DIAL_SECONDS = 30.0
_MAX_NOTES = 50

Resolve = Callable[[str, int], Iterable[str]]
Note = Callable[[str], None]


class Doors:
    """The doors of one job: for the platform at ``address``, and for the hosts of ``permission``."""

    def __init__(self, address: JobAddress | None, permission: NetworkPermission | None) -> None:
        self._address = address
        self._permission = permission
        hosts = () if permission is None else permission.hosts
        # The platform is reached in any case.
        self._hosts = tuple(each for each in hosts if address is None or (each.host, each.port) != _pair(address))
        self._inside = _inside_addresses(self._hosts, address)

    @property
    def names(self) -> dict[str, str]:
        """Host names that the job must find, and the IP address inside of each."""
        own = {} if self._address is None else {self._address.host: self._address.inside}
        return {name: inside for name, inside in {**own, **self._inside}.items() if name not in {inside, "localhost"}}

    @property
    def hosts_file(self) -> str:
        """Content of ``/etc/hosts`` of the job."""
        return _LOCAL_HOSTS + "".join(f"{inside} {name}\n" for name, inside in self.names.items())

    def listen(self) -> list[socket.socket]:
        """Return the listeners, in the network namespace of this process, whose loopback interface is brought up."""
        if self._address is None:
            return []
        listeners = [listen(self._address)]
        added = {self._address.inside}
        for number, each in enumerate(self._hosts, start=2):
            inside = self._inside[each.host]
            if inside not in added:
                added.add(inside)
                add_address(inside, number)
            listeners.append(listen_at(inside, each.port))
        return listeners

    def opened(self, listeners: Sequence[socket.socket], note: Note) -> list[Door]:
        """Return the doors of the ``listeners`` that `listen` made, perhaps in another process.

        ``note`` receives a sentence for the author of the analytic when a host is not reached; from any thread.
        """
        address, permission = self._address, self._permission
        if address is None:
            return []
        doors = [Door(listeners[0], lambda: _dial_platform(address), Budget(PLATFORM_CONNECTIONS))]
        if permission is None:
            return doors
        noted = _Notes(note)
        budget = Budget(
            HOST_CONNECTIONS,
            permission.max_bytes,
            lambda: noted(f"the job has exchanged {permission.max_bytes} bytes with other hosts, which is its limit"),
        )
        for listener, host in zip(listeners[1:], self._hosts, strict=True):
            doors.append(Door(listener, HostDialer(host, noted), budget, is_slow=True))
        return doors


class HostDialer:
    """Connects to an allowed host, at an address that was checked.

    Args:
        host: the host.
        note: receives the reason when it cannot be reached, without its addresses.
        resolve: returns the addresses of a name.
    """

    def __init__(self, host: AllowedHost, note: Note, resolve: Resolve | None = None) -> None:
        self._host = host
        self._note = note
        self._resolve = resolve or _resolve

    def __call__(self) -> socket.socket:
        """Return a connection.

        Raises:
            OSError: the host has no address, none that it may be reached at, or does not accept the connection.
        """
        host = self._host
        addresses = self._addresses()
        permitted = [each for each in addresses if host.names(each) or (host.permits(each) and not _is_own(each))]
        if addresses and not permitted:
            self._note(f"{host} was not reached: it has no public address, nor one in the grant")
            raise ConnectionRefusedError(f"{host} has no permitted address")
        try:
            return _connect(permitted, host.port)
        except OSError as error:
            self._note(f"{host} was not reached: {error.strerror or error}")
            raise

    def _addresses(self) -> list[Address]:
        try:
            found = self._resolve(self._host.host, self._host.port)
            return [ip_address(text.partition("%")[0]) for text in found]
        except (OSError, ValueError) as error:  # a ValueError is a name that the resolver cannot encode
            self._note(f"{self._host} was not reached: its name cannot be resolved")
            raise OSError(f"{self._host} cannot be resolved") from error


class _Notes:
    """Passes on each sentence once, and not more than `_MAX_NOTES`: the job causes them as often as it likes."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._seen: set[str] = set()

    def __call__(self, text: str) -> None:
        if text not in self._seen and len(self._seen) < _MAX_NOTES:
            self._seen.add(text)
            self._note(text)


def print_note(text: str) -> None:
    """Print a note into the log of the job, which is the standard error of this process."""
    os.write(sys.stderr.fileno(), f"network: {text}\n".encode())


def _pair(address: JobAddress) -> tuple[str, int]:
    return address.host, address.port


def _inside_addresses(hosts: Iterable[AllowedHost], address: JobAddress | None) -> dict[str, str]:
    """Return the IP address at which the job finds each host: its own, that of the platform, or the next free one."""
    literal = {each.host for each in hosts if _is_address(each.host)}
    free = (text for text in map(str, map(_nth_inside, itertools.count())) if text not in literal)
    inside: dict[str, str] = {}
    for each in hosts:
        if each.host in inside:
            continue
        if address is not None and each.host == address.host:
            inside[each.host] = address.inside
        else:
            inside[each.host] = each.host if each.host in literal else next(free)
    return inside


def _nth_inside(number: int) -> IPv4Address:
    return _FIRST_INSIDE + number


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _dial_platform(address: JobAddress) -> socket.socket:
    return socket.create_connection((address.host, address.port), timeout=_PLATFORM_SECONDS)


def _resolve(host: str, port: int) -> Iterable[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _connect(addresses: Sequence[Address], port: int) -> socket.socket:
    """Connect to the first of the addresses that accepts, within `_DIAL_SECONDS`."""
    deadline, failure = time.monotonic() + _DIAL_SECONDS, OSError("it has no address")
    for index, address in enumerate(addresses):
        seconds = (deadline - time.monotonic()) / (len(addresses) - index)
        if seconds <= 0:
            break
        try:
            return socket.create_connection((str(address), port), timeout=seconds)
        except OSError as error:
            failure = error
    raise failure


def _is_own(address: Address) -> bool:
    """Return whether ``address`` is one of this machine: the kernel then takes it as the source as well.

    Services that no firewall shows to the outside listen there, so it needs a grant like a private address.
    """
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(address), 9))
        except OSError:
            return False
        return str(probe.getsockname()[0]) == str(address)
