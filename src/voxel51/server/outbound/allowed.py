"""Allowed hosts: read the entries of the setting ``outbound_allow``, which permit hosts that are not public."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from voxel51.runners.public_addresses import Address

_ENTRY = re.compile(r"\[(?P<bracketed>[^\]]+)\](?P<tail>.*)|(?P<plain>[^\[\]]+)")
_NAME = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """One entry: a ``name``, which may start with ``*.``, or a ``network``; at one port, or at every port (None)."""

    name: str | None
    network: IPv4Network | IPv6Network | None
    port: int | None

    def matches_name(self, host: str) -> bool:
        """Return whether the entry names ``host``. ``*.a.b`` matches all hosts below ``a.b``, but not ``a.b``."""
        if self.name is None:
            return False
        return host == self.name or (self.name.startswith("*.") and host.endswith(self.name[1:]))

    def includes(self, address: Address) -> bool:
        """Return whether ``address`` is in the entry's network."""
        return self.network is not None and address in self.network


def parse_allowed_hosts(entries: Iterable[str]) -> tuple[AllowedHost, ...]:
    """Return the parsed entries of the setting.

    Raises:
        ValueError: an entry is neither a host name nor a network; the text names it.
    """
    return tuple(_read(entry.strip().lower()) for entry in entries if entry.strip())


def _read(entry: str) -> AllowedHost:
    port, host = _split_port(entry)
    try:
        return AllowedHost(None, ip_network(host), port)
    except ValueError:
        pass
    if not _NAME.fullmatch(host) or host.rpartition(".")[2].isdigit() or entry.startswith("["):
        raise ValueError(
            f"{entry!r} is neither a host name, *.suffix, address nor network such as 10.1.0.0/16; a :port may follow"
        )
    return AllowedHost(host, None, port)


def _split_port(entry: str) -> tuple[int | None, str]:
    """Split an entry into its port, if any, and the rest.

    In ``[2001:db8::]/32:8080`` the brackets end before the length of the network, as they do in ``[address]:port``.
    """
    found = _ENTRY.fullmatch(entry)
    if found is None:
        return None, entry
    if found["bracketed"] is not None:
        length, _, port = found["tail"].partition(":")
        return _port(port, entry), found["bracketed"] + length
    if entry.count(":") > 1:
        return None, entry  # an IPv6 address without a port
    host, _, port = entry.partition(":")
    return _port(port, entry), host


def _port(text: str, entry: str) -> int | None:
    if not text:
        return None
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ValueError(f"{entry!r} does not end in a valid port; ports are 1 to 65535")
    return int(text)
