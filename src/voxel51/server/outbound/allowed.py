"""What an operator allows besides the public internet."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from voxel51.server.outbound.networks import Address

_ENTRY = re.compile(r"\[(?P<bracketed>[^\]]+)\](?P<tail>.*)|(?P<plain>[^\[\]]+)")
_NAME = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Allowance:
    """One entry: a ``name``, which may start with ``*.``, or a ``network``; at one port, or at all (None)."""

    name: str | None
    network: IPv4Network | IPv6Network | None
    port: int | None

    def names(self, host: str) -> bool:
        """Whether it is this host by name. ``*.a.b`` is every host below ``a.b``, and not ``a.b`` itself."""
        if self.name is None:
            return False
        return host == self.name or (self.name.startswith("*.") and host.endswith(self.name[1:]))

    def includes(self, address: Address) -> bool:
        """Whether the address is in its network."""
        return self.network is not None and address in self.network


def read_allowances(entries: Iterable[str]) -> tuple[Allowance, ...]:
    """The entries as they are written in the setting.

    Raises:
        ValueError: one is neither a host name nor a network; the text names it.
    """
    return tuple(_read(entry.strip().lower()) for entry in entries if entry.strip())


def _read(entry: str) -> Allowance:
    port, place = _port_and_place(entry)
    try:
        return Allowance(None, ip_network(place), port)
    except ValueError:
        pass
    if not _NAME.fullmatch(place) or place.rpartition(".")[2].isdigit() or entry.startswith("["):
        raise ValueError(
            f"{entry!r} is neither a host name, *.suffix, address nor network such as 10.1.0.0/16; a :port may follow"
        )
    return Allowance(place, None, port)


def _port_and_place(entry: str) -> tuple[int | None, str]:
    """``[2001:db8::]/32:8080`` has its brackets before the length of the network, as in ``[address]:port``."""
    found = _ENTRY.fullmatch(entry)
    if found is None:
        return None, entry
    if found["bracketed"] is not None:
        length, _, port = found["tail"].partition(":")
        return _port(port, entry), found["bracketed"] + length
    if entry.count(":") > 1:
        return None, entry  # an IPv6 address without a port
    place, _, port = entry.partition(":")
    return _port(port, entry), place


def _port(text: str, entry: str) -> int | None:
    if not text:
        return None
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ValueError(f"{entry!r} ends in no port; there are 1 to 65535")
    return int(text)
