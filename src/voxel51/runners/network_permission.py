"""Network permission of an attempt: the hosts, besides the platform, to which it may connect."""

from dataclasses import dataclass
from ipaddress import ip_network
from typing import TypedDict

from voxel51.runners.public_addresses import Address, is_metadata_service, is_public
from voxel51.wire.network import HostPort


class HostDocument(TypedDict):
    """JSON form of an `AllowedHost`."""

    host: str
    port: int
    private_networks: list[str]


class PermissionDocument(TypedDict):
    """JSON form of a `NetworkPermission`."""

    hosts: list[HostDocument]
    max_bytes: int


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """Host and TCP port to which an attempt may connect.

    Attributes:
        host: name in lower case, or IP address.
        port: 1 to 65535.
        private_networks: networks that are not public, in which addresses of the host may lie as well.
    """

    host: str
    port: int
    private_networks: tuple[str, ...] = ()

    def permits(self, address: Address) -> bool:
        """Return whether the host may be reached at ``address``, to which it resolved.

        The metadata service of a cloud hands out the credentials of the machine, so a wide network does not
        permit it: the grant has to name that one address.
        """
        return self.names(address) or (is_public(address) and not is_metadata_service(address))

    def names(self, address: Address) -> bool:
        """Return whether the private networks of the grant include ``address``."""
        networks = [ip_network(text) for text in self.private_networks]
        if is_metadata_service(address):
            networks = [network for network in networks if network.num_addresses == 1]
        return any(address in network for network in networks)

    def __str__(self) -> str:
        """Return the host and port as in a manifest."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class NetworkPermission:
    """Permission of one attempt.

    Attributes:
        hosts: where it may connect to; every other connection is refused.
        max_bytes: limit of the bytes of all connections to these hosts, in both directions together.
    """

    hosts: tuple[AllowedHost, ...]
    max_bytes: int

    @classmethod
    def of(cls, entries: dict[str, tuple[str, ...]], max_bytes: int) -> "NetworkPermission":
        """Return the permission for entries of a manifest, each with its private networks."""
        parsed = [(HostPort.parse(text), networks) for text, networks in entries.items()]
        hosts = tuple(AllowedHost(found.host, found.port, networks) for found, networks in parsed)
        return cls(hosts, max_bytes)

    def to_document(self) -> PermissionDocument:
        """Return the JSON form."""
        hosts: list[HostDocument] = [
            {"host": each.host, "port": each.port, "private_networks": [*each.private_networks]} for each in self.hosts
        ]
        return {"hosts": hosts, "max_bytes": self.max_bytes}

    @classmethod
    def from_document(cls, document: PermissionDocument | None) -> "NetworkPermission | None":
        """Return the permission of its JSON form; None stays None."""
        if document is None:
            return None
        hosts = [AllowedHost(each["host"], each["port"], tuple(each["private_networks"])) for each in document["hosts"]]
        return cls(tuple(hosts), document["max_bytes"])
