"""Public addresses: tables of the IP networks that do not belong to the public internet.

They follow IANA's registries of special-purpose addresses. ``ipaddress.is_global`` is not used, because its meaning
changed between releases of Python and it accepts multicast.
"""

from ipaddress import IPv4Address, IPv6Address, ip_network

Address = IPv4Address | IPv6Address

_SPECIAL = [
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network; 0.0.0.0 is this machine
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, with the metadata services of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: embeds an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
]
_UNICAST = ip_network("2000::/3")
"""Global unicast, the assigned part of IPv6. The rest is local, multicast, or embeds an IPv4 address."""

_METADATA_SERVICES = [
    ip_network(text)
    for text in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
]
"""Metadata services of clouds, which give a machine's credentials to any request from that machine."""


def is_public(address: Address) -> bool:
    """Return whether ``address`` is reachable from anywhere on the internet."""
    if any(address in network for network in (*_SPECIAL, *_METADATA_SERVICES)):
        return False
    return isinstance(address, IPv4Address) or address in _UNICAST


def is_metadata_service(address: Address) -> bool:
    """Return whether ``address`` is the metadata service of a cloud, also if it is embedded in an IPv6 address."""
    candidates = [address, *_embedded(address)]
    return any(candidate in network for candidate in candidates for network in _METADATA_SERVICES)


def _embedded(address: Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    last = IPv4Address(int(address) & 0xFFFF_FFFF)  # of a mapped, compatible or translated (NAT64) address
    return [last, *filter(None, (address.sixtofour, *(address.teredo or ())))]
