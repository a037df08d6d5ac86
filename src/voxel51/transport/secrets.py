"""Secrets in texts: leave out credentials in headers, and the queries of signed links.

Debuggers, error trackers and test runners show the objects of a frame by their ``repr``, so secrets are left out there.
"""

from urllib.parse import urlsplit, urlunsplit

from voxel51.wire.headers import AGENT_KEY, APPLICATION_KEY, AUTHORIZATION

SECRET_HEADERS = frozenset(name.lower() for name in (AUTHORIZATION, APPLICATION_KEY, AGENT_KEY, "Cookie"))


class SecretHeaders(dict[str, str]):
    """Headers whose ``repr`` and text leave out credentials. Equal to a plain dictionary of the same content."""

    def __repr__(self) -> str:
        return repr({name: "***" if name.lower() in SECRET_HEADERS else text for name, text in self.items()})

    __str__ = __repr__


def shown(url: str) -> str:
    """Return ``url`` without the parts that may be secret: user, password, query and fragment."""
    try:
        scheme, netloc, path, query, _ = urlsplit(url)
    except ValueError:  # not a URL, so its parts are unknown
        return "***"
    return urlunsplit((scheme, netloc.rpartition("@")[2], path, "***" if query else "", ""))


def origin_of(url: str) -> str:
    """Return scheme, host and port of ``url``."""
    try:
        scheme, netloc = urlsplit(url)[:2]
    except ValueError:
        return "***"
    return f"{scheme}://{netloc.rpartition('@')[2]}"
