"""Network access of analytics: the hosts that a manifest asks for, and the grants of operators."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import NotRequired, TypedDict

MAX_HOSTS = 20
"""Number of hosts that one manifest can ask for."""

MAX_HOST_LENGTH = 253 + 6
"""Length limit of one entry, in characters: the longest host name, a colon and a port."""

MAX_PRIVATE_NETWORKS = 20
"""Number of networks in one grant."""

_ADVICE = "Write HOST:PORT, such as 'api.example.org:443'"
_ENTRY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*):(?P<port>[0-9]+)")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LAST_LABEL_OF_ADDRESS = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""By this, some resolvers read a name as an IPv4 address: ``127.1`` and ``0x7f000001`` are 127.0.0.1."""


@dataclass(frozen=True, slots=True)
class HostPort:
    """Host and TCP port to which an analytic may connect.

    Attributes:
        host: name in lower case, or IP address; IPv6 without brackets.
        port: 1 to 65535.
    """

    host: str
    port: int

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The address, if the host is one and not a name."""
        try:
            return IPv6Address(self.host) if ":" in self.host else IPv4Address(self.host)
        except ValueError:
            return None

    @classmethod
    def parse(cls, text: str) -> "HostPort":
        """Return the host and the port of an entry such as ``api.example.org:443`` or ``[2001:db8::1]:443``.

        There is one way to write each entry, so that equal text means equal access: nothing is converted.

        Raises:
            ValueError: the entry is invalid; the text says why and what to write.
        """
        _check_spelling(text)
        found = _ENTRY.fullmatch(text)
        if found is None:
            raise ValueError(f"has no port. {_ADVICE}" if ":" not in text else f"is not a host and a port. {_ADVICE}")
        port = found["port"]
        if port.startswith("0") or len(port) > 5 or int(port) > 65535:
            raise ValueError("has an invalid port. Ports are 1 to 65535")
        return cls(_checked_host(found["host"]), int(port))


def _check_spelling(text: str) -> None:
    if len(text) > MAX_HOST_LENGTH:
        raise ValueError(f"has {len(text)} characters; the maximum is {MAX_HOST_LENGTH}")
    if not text.isascii():
        raise ValueError("has characters outside ASCII. Write international names in their ASCII form, as xn--…")
    if not text.isprintable() or " " in text:
        raise ValueError(f"has spaces or control characters. {_ADVICE}")
    if "://" in text or "/" in text or "@" in text:
        raise ValueError(f"is a URL or a part of one. {_ADVICE}")
    if "*" in text:
        raise ValueError("has a wildcard, which is not supported. Name each host")
    if text != text.lower():
        raise ValueError(f"has capital letters. Write {text.lower()!r}")


def _checked_host(host: str) -> str:
    if host.startswith("["):
        return _checked_ipv6(host[1:-1])
    if host.endswith("."):
        raise ValueError("has a dot at the end of the name. Leave it out")
    if _LAST_LABEL_OF_ADDRESS.fullmatch(host.rpartition(".")[2]):
        return _checked_ipv4(host)
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise ValueError("has an invalid host name. Use letters, digits and '-', and dots between the parts")
    if host == "localhost" or host.endswith(".localhost"):
        raise ValueError("is the job itself. Name another host")
    return host


def _checked_ipv4(text: str) -> str:
    try:
        address = IPv4Address(text)
    except ValueError:
        raise ValueError("has an invalid IPv4 address. Write four decimal numbers, such as 192.0.2.1") from None
    if address.is_multicast or address.is_unspecified or int(address) == 0xFFFF_FFFF:
        raise ValueError("is not the address of one host")
    return str(address)


def _checked_ipv6(text: str) -> str:
    try:
        address = IPv6Address(text)
    except ValueError:
        raise ValueError("has an invalid IPv6 address. Write it as [2001:db8::1]") from None
    if address.scope_id is not None:
        raise ValueError("has a zone, which is valid on one machine only. Leave it out")
    if address.ipv4_mapped is not None:
        raise ValueError(f"is an IPv4 address within IPv6. Write {address.ipv4_mapped}")
    if address.is_multicast or address.is_unspecified:
        raise ValueError("is not the address of one host")
    if str(address) != text:
        raise ValueError(f"has another short form. Write [{address}]")
    return str(address)


class HostAccess(TypedDict):
    """One host that a version of an analytic asks for. The rest of a granted one is told to operators only.

    Attributes:
        host: host and port, as in the manifest.
        granted: whether an operator has granted it.
        private_networks: networks that are not public, in which the host may lie.
        granted_by, grant_date: operator and date of the grant.
    """

    host: str
    granted: bool
    private_networks: NotRequired[list[str]]
    granted_by: NotRequired[str]
    grant_date: NotRequired[str]


class NetworkAccess(TypedDict):
    """Network access of one version of an analytic.

    Attributes:
        hosts: what its manifest asks for, in that order.
        granted: whether all of them are granted, so that jobs can run.
    """

    hosts: list[HostAccess]
    granted: bool


class NetworkRequest(TypedDict):
    """Analytic that asks for network access in its latest version, as operators see it.

    Attributes:
        analytic_id, version: of the latest version.
        network: what that version asks for.
        further_hosts: hosts that are granted to the analytic and that this version does not ask for.
    """

    analytic_id: str
    name: str
    version: str
    network: NetworkAccess
    further_hosts: list[str]


class NetworkRequestList(TypedDict):
    """Response of ``GET admin/network``: those that wait for a grant first, then the newest."""

    requests: list[NetworkRequest]


class NetworkGrant(TypedDict):
    """Body of ``PUT admin/analytics/<id>/network``.

    Attributes:
        hosts: hosts to grant, as in the manifest of the version.
        private_networks: addresses and networks that are not public, in which these hosts may lie.
    """

    hosts: list[str]
    private_networks: NotRequired[list[str]]


class NetworkResponse(TypedDict):
    """Response to a change of the network access of an analytic."""

    network: NetworkAccess


class NetworkRevocation(TypedDict):
    """Response of ``DELETE admin/analytics/<id>/network``: the access that is left, and how many jobs were stopped."""

    network: NetworkAccess
    stopped_jobs: int


def declared_hosts(extensions: object) -> Sequence[str]:
    """Return the hosts in the ``extensions`` of a valid manifest."""
    hosts = extensions.get("network") if isinstance(extensions, dict) else None
    return tuple(hosts) if isinstance(hosts, list) else ()
