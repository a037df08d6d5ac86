"""HTTP addresses: the parts of a URL that a connection needs, and credentials within it."""

import base64
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ESCAPED_TARGET = re.compile(r"(?:/(?!\.)[\w~!$&()*+,;=:@%.-]*)+(?:\?[\w~!$&()*+,;=:@%./?-]*)?", re.ASCII)
"""A path, without parts that begin with a dot, and a query, both as they can be sent."""

_UNESCAPED = "~!$&'()*+,;=:@%/?"
_INVALID_IN_HOST = re.compile(r"[^\w.:%-]")


class Address(NamedTuple):
    """A URL in the parts that a connection needs. ``target`` is escaped and has no fragment."""

    scheme: str
    host: str
    port: int
    target: str
    credentials: str | None

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Return the parts of ``url``.

        Raises:
            ValueError: it is not an HTTP address.
        """
        path = url.find("/", len("https://"))
        if path > 0 and _ESCAPED_TARGET.fullmatch(url, path):  # nearly always; the rest repeats from call to call
            return _parse(url[:path])._replace(target=url[path:])
        return _parse(url)

    @property
    def origin(self) -> tuple[str, str, int]:
        """The part that all requests over one connection share."""
        return self[:3]

    @property
    def root(self) -> str:
        """The URL up to the target."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


@lru_cache(maxsize=64)
def _parse(url: str) -> Address:
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port
    if parts.scheme not in _DEFAULT_PORTS or not host or port == 0 or _INVALID_IN_HOST.search(host):
        raise ValueError
    path = parts.path
    if "/." in path:
        path = urlsplit(urljoin(f"{parts.scheme}://{parts.netloc}/", path)).path
    target = quote(path, safe=_UNESCAPED) or "/"
    if parts.query:
        target += "?" + quote(parts.query, safe=_UNESCAPED)
    credentials = unquote(parts.netloc.rpartition("@")[0]) or None
    return Address(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], target, credentials)


def basic_authentication(credentials: str) -> str:
    """Return the header's value for ``user:password``."""
    return "Basic " + base64.b64encode(credentials.encode()).decode()
