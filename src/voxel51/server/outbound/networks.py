"""Which addresses belong to the public internet.

The tables follow the registries of special-purpose addresses of IANA. They stand here, and not in a library's notion of
"global", because that notion changed between releases of Python and passes multicast.
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
        "169.254.0.0/16",  # link-local, and where clouds tell a machine its secrets
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # assignments of protocols
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
        "2001::/23",  # assignments of protocols, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
]
_UNICAST = ip_network("2000::/3")
"""All of IPv6 that is handed out; what lies outside is local, multicast, or an IPv4 address in disguise."""

_OF_THE_CLOUD = [
    ip_network(text)
    for text in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
]
"""Where clouds tell a machine its own secrets, to whoever asks from within."""


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could reach it."""
    if any(address in network for network in (*_SPECIAL, *_OF_THE_CLOUD)):
        return False
    return isinstance(address, IPv4Address) or address in _UNICAST


def tells_secrets(address: Address) -> bool:
    """Whether a cloud answers there with the secrets of the machine that asks, written plainly or in disguise."""
    disguised = [address, *_embedded(address)]
    return any(one in network for one in disguised for network in _OF_THE_CLOUD)


def _embedded(address: Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    last = IPv4Address(int(address) & 0xFFFF_FFFF)  # of a mapped, compatible or translated (NAT64) address
    return [last, *filter(None, (address.sixtofour, *(address.teredo or ())))]
