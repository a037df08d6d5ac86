"""Decides which URLs the platform itself may request.

A URL comes from a stranger and is requested from within our network, where more can be reached than the stranger could.
So it is read strictly (what two readers may understand differently is refused), its host is resolved here and nowhere
else, and whoever connects must connect to the very addresses that were checked.
"""

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from voxel51.server.errors import BadRequest
from voxel51.server.outbound.allowed import Allowance, read_allowances
from voxel51.server.outbound.networks import Address, is_public, tells_secrets

LONGEST_URL = 8192
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FIRST_FREE_PORT = 1024
"""Below it, other ports than those of HTTP belong to services that could mistake a request for something to do."""

_URL = re.compile(r"[!-\[\]-~]+")  # printable ASCII; no space, and no backslash, which some take for a slash
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST_HOST = 253
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")

Resolve = Callable[[str, int], Iterable[str]]
"""From a host name and a port to all of its addresses. Raises OSError where it has none."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads, checked.

    Attributes:
        scheme: ``http`` or ``https``.
        host: lower case, IPv6 without brackets; the name that a certificate must have.
        path: what is asked for, query included; starts with ``/``. It may carry a secret.
        addresses: where to connect to; each of them was checked.
    """

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[Address, ...]

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL and in the header ``Host``, the usual port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def resolve(host: str, port: int) -> Iterable[str]:
    """All addresses of ``host`` as this machine's resolver tells them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Passes URLs that lead to the public internet, and those that the operator allows.

    ``allowed`` has host names, ``*.suffix``, addresses and networks (``10.1.0.0/16``), each with or without a
    ``:port``. What it names need not be public; the addresses at which clouds tell secrets stay refused.

    Raises:
        ValueError: an entry of ``allowed`` is none of these.
    """

    def __init__(self, allowed: Sequence[str] = (), resolve: Resolve = resolve) -> None:
        self._allowances = read_allowances(allowed)
        self._resolve = resolve

    def check(self, url: str) -> Target:
        """Where ``url`` leads. Resolves its host: may block as long as the machine's resolver does.

        Raises:
            BadRequest: it is no URL that can be requested, or leads where the platform does not go. The text names
                its host at most, since the rest may be a secret.
        """
        parts = _split(url)
        host, port = _host(parts), _port(parts)
        allowances = [one for one in self._allowances if one.port in {None, port}]
        by_name = any(one.names(host) for one in allowances)
        addresses = self._addresses(host, port)
        if not addresses or not all(_may_reach(address, by_name, allowances) for address in addresses):
            raise BadRequest(
                f"The host {host!r} cannot be resolved, or leads to an address that is not public; "
                "the platform's operator can allow hosts of their own network"
            )
        if not (
            by_name or port in _DEFAULT_PORTS.values() or port >= _FIRST_FREE_PORT or _allow(addresses, allowances)
        ):
            raise BadRequest(f"Port {port} of {host!r} is not requested; serve it at 80, 443 or 1024 and above")
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


def _may_reach(address: Address, by_name: bool, allowances: Sequence[Allowance]) -> bool:
    if tells_secrets(address):
        return False
    return by_name or is_public(address) or any(one.includes(address) for one in allowances)


def _allow(addresses: Sequence[Address], allowances: Sequence[Allowance]) -> bool:
    return all(any(one.includes(address) for one in allowances) for address in addresses)


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise BadRequest(f"The URL has {len(url)} characters; {LONGEST_URL} are taken")
    if not _URL.fullmatch(url):
        raise BadRequest("The URL has characters that none may have; percent-encode them, and write hosts as xn--…")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadRequest("The URL cannot be read; take one such as https://host/path") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        raise BadRequest(
            f"The URL must start with http:// or https://, not {parts.scheme[:20] or 'without a scheme'!r}"
        )
    if "@" in parts.netloc:
        raise BadRequest("The URL has a user name or password before its host; sign its query instead")
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    try:
        if parts.netloc.startswith("["):
            address = IPv6Address(host)
            if address.scope_id is None:  # a zone means something on one machine only
                return str(address)
        elif _NUMBER.fullmatch(host.rpartition(".")[2]):
            return str(IPv4Address(host))  # four plain decimal numbers; other spellings mean one thing here, one there
    except ValueError:
        raise BadRequest(f"{host!r:.100} is no address; write it as 192.0.2.1 or [2001:db8::1]") from None
    if len(host) > _LONGEST_HOST or not _HOST.fullmatch(host):
        raise BadRequest(f"{host!r:.100} is no host name; it may have letters, digits, hyphens and dots between them")
    return host


def _port(parts: SplitResult) -> int:
    _, separator, text = parts.netloc.rpartition("]")[2].partition(":")
    if not separator:
        return _DEFAULT_PORTS[parts.scheme]
    if not re.fullmatch(r"[1-9]\d{0,4}", text) or int(text) > 65535:
        raise BadRequest(f"{text!r:.20} is no port; there are 1 to 65535")
    return int(text)
