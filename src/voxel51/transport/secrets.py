"""What must not be seen: credentials in headers, and what the queries of signed links hold.

Texts for people and programs that look into frames (debuggers, error trackers, test runners) show objects by their
``repr``, so that is where secrets are left out.
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
    """``url`` without what may be secret in it: user, password, query and fragment."""
    try:
        scheme, place, path, query, _ = urlsplit(url)
    except ValueError:  # not even a URL; what it is cannot be told apart
        return "***"
    return urlunsplit((scheme, place.rpartition("@")[2], path, "***" if query else "", ""))


def origin_of(url: str) -> str:
    """Return scheme, host and port of ``url``."""
    try:
        scheme, netloc = urlsplit(url)[:2]
    except ValueError:
        return "***"
    return f"{scheme}://{netloc.rpartition('@')[2]}"
