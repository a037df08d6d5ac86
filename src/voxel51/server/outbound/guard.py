"""Guard against server-side request forgery (SSRF): decide which URLs the platform itself may request.

URLs come from users, but are requested from inside the operator's network, where more hosts are reachable. So a URL is
parsed strictly (anything that two parsers may read differently is rejected), its host is resolved here and nowhere
else, and a connection must go to one of the addresses that were checked.
"""

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from voxel51.runners.public_addresses import Address, is_metadata_service, is_public
from voxel51.server.errors import BadRequest
from voxel51.server.outbound.allowed import AllowedHost, parse_allowed_hosts

MAX_URL_LENGTH = 8192
ALLOWING_SETTING = "VOXEL51_SERVER_OUTBOUND_ALLOW"
"""The setting with the hosts that `Guard` accepts although they are not public."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FIRST_FREE_PORT = 1024
"""Lower ports other than those of HTTP belong to services that could misread an HTTP request as commands (SMTP, …)."""

_URL = re.compile(
    r"[!-\[\]-~]+"
)  # printable ASCII without space, and without backslash, which some parsers read as a slash
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_HOST_LENGTH = 253
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")

Resolve = Callable[[str, int], Iterable[str]]
"""Resolves a host name and a port to all addresses of the host. Raises OSError if it has none."""


@dataclass(frozen=True, slots=True)
class Target:
    """The checked target of a URL.

    Attributes:
        scheme: ``http`` or ``https``.
        host: in lower case, IPv6 without brackets; the name that the certificate must have.
        path: path and query; starts with ``/``. It may contain a secret.
        addresses: addresses to connect to; each of them was checked.
    """

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[Address, ...]

    @property
    def authority(self) -> str:
        """Host and port as in a URL and in the header ``Host``, without a default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def resolve(host: str, port: int) -> Iterable[str]:
    """Return all addresses of ``host``, by the resolver of this machine."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Accepts URLs of public hosts, and of hosts that the operator allows.

    ``allowed`` has host names, ``*.suffix``, addresses and networks (``10.1.0.0/16``), each with or without a
    ``:port``. These need not be public. Metadata services of clouds stay rejected even if they are allowed.

    Raises:
        ValueError: an entry of ``allowed`` is invalid.
    """

    def __init__(self, allowed: Sequence[str] = (), resolve: Resolve = resolve) -> None:
        self._allowed = parse_allowed_hosts(allowed)
        self._resolve = resolve

    def check(self, url: str) -> Target:
        """Return the target of ``url``. This resolves its host, so it may block as long as the resolver does.

        Raises:
            BadRequest: the URL is invalid, or its target is not allowed. The text names only the host, since the rest
                may be a secret.
        """
        parts = _split(url)
        host, port = _host(parts), _port(parts)
        allowed_hosts = [host_entry for host_entry in self._allowed if host_entry.port in {None, port}]
        by_name = any(entry.matches_name(host) for entry in allowed_hosts)
        addresses = self._addresses(host, port)
        if not addresses or not all(_may_reach(address, by_name, allowed_hosts) for address in addresses):
            raise BadRequest(
                f"The host {host!r} cannot be resolved, or has an address that is not public. To allow a host in its "
                f"own network, the operator of the platform adds it to the setting {ALLOWING_SETTING}"
            )
        if not (
            by_name or port in _DEFAULT_PORTS.values() or port >= _FIRST_FREE_PORT or _allow(addresses, allowed_hosts)
        ):
            raise BadRequest(f"Port {port} of {host!r} is not allowed; use 80, 443, or 1024 and above")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(parts.scheme, host, port, path, addresses)

    def _addresses(self, host: str, port: int) -> tuple[Address, ...]:
        try:
            return (ip_address(host),)
        except ValueError:
            pass
        try:
            return tuple(ip_address(text.partition("%")[0]) for text in self._resolve(host, port))
        except (OSError, UnicodeError):
            return ()


def _may_reach(address: Address, by_name: bool, allowed_hosts: Sequence[AllowedHost]) -> bool:
    if is_metadata_service(address):
        return False
    return by_name or is_public(address) or any(entry.includes(address) for entry in allowed_hosts)


def _allow(addresses: Sequence[Address], allowed_hosts: Sequence[AllowedHost]) -> bool:
    return all(any(entry.includes(address) for entry in allowed_hosts) for address in addresses)


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL_LENGTH:
        raise BadRequest(f"The URL has {len(url)} characters; the maximum is {MAX_URL_LENGTH}")
    if not _URL.fullmatch(url):
        raise BadRequest(
            "The URL has invalid characters; percent-encode them, and write international host names as xn--…"
        )
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadRequest("The URL is invalid; it must look like https://host/path") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        raise BadRequest(
            f"The URL must start with http:// or https://, not {parts.scheme[:20] or 'without a scheme'!r}"
        )
    if "@" in parts.netloc:
        raise BadRequest("The URL has a user name or password before its host; use a signed URL instead")
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    try:
        if parts.netloc.startswith("["):
            address = IPv6Address(host)
            if address.scope_id is None:  # a zone is valid only on one machine
                return str(address)
        elif _NUMBER.fullmatch(host.rpartition(".")[2]):
            return str(IPv4Address(host))  # four plain decimal numbers; parsers disagree about other spellings
    except ValueError:
        raise BadRequest(f"{host!r:.100} is not a valid address; write it as 192.0.2.1 or [2001:db8::1]") from None
    if len(host) > _MAX_HOST_LENGTH or not _HOST.fullmatch(host):
        raise BadRequest(f"{host!r:.100} is not a valid host name; use letters, digits, hyphens, and dots between them")
    return host


def _port(parts: SplitResult) -> int:
    _, separator, text = parts.netloc.rpartition("]")[2].partition(":")
    if not separator:
        return _DEFAULT_PORTS[parts.scheme]
    if not re.fullmatch(r"[1-9]\d{0,4}", text) or int(text) > 65535:
        raise BadRequest(f"{text!r:.20} is not a valid port; ports are 1 to 65535")
    return int(text)
