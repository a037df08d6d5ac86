"""Cookies of one platform: their names and attributes.

Browsers keep one set of cookies for all ports of a host. The names therefore contain a hash of the platform's public
URL: two platforms on one host do not overwrite each other's sessions.
"""

import hashlib
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from voxel51.wire.headers import SESSION_COOKIE, SIGN_IN_COOKIE


@dataclass(frozen=True, slots=True)
class PlatformCookies:
    """Names and attributes of a platform's cookies.

    Attributes:
        session: name of the cookie with the key of a session.
        sign_in: name of the cookie with the state of an OIDC sign-in.
        attributes: of every cookie: hidden from scripts, and not sent by pages of other sites.
    """

    session: str
    sign_in: str
    attributes: str


def cookies_of(public_url: str) -> PlatformCookies:
    """Return the cookies of the platform at ``public_url``; with HTTPS, browsers send them over HTTPS only."""
    suffix = hashlib.sha256(public_url.encode()).hexdigest()[:8]
    attributes = "Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if public_url.startswith("https:") else "")
    return PlatformCookies(f"{SESSION_COOKIE}_{suffix}", f"{SIGN_IN_COOKIE}_{suffix}", attributes)


def read_cookie(header: str, name: str) -> str | None:
    """Return the value of a cookie in a ``Cookie`` header; None without one, or if the header is malformed."""
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return None if found is None else found.value
