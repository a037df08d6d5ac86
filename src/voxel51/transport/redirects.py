"""Redirects: which are followed, and which parts of a request go along."""

from dataclasses import replace
from urllib.parse import SplitResult, urljoin, urlsplit

from voxel51.transport.errors import APIError
from voxel51.transport.messages import Request

MAX_REDIRECTS = 10
_REDIRECTS = {301, 302, 303, 307, 308}
_DEFAULT_PORTS = {"http": 80, "https": 443}


def after_redirect(request: Request, status: int, location: str | None) -> Request | None:
    """Return the request to send next; None when the response is not a redirect that is followed.

    Only redirects of GET and HEAD are followed: other requests would have their effect twice. A request to another
    origin has no headers and no body, so it carries neither credentials nor private data there.

    Raises:
        APIError: the redirect leads from https to http, or to another scheme.
    """
    is_followed = request.follow_redirects and request.method in {"GET", "HEAD"}
    if status not in _REDIRECTS or location is None or not is_followed:
        return None
    url = urljoin(request.url, location)
    before, after = urlsplit(request.url), urlsplit(url)
    if after.scheme not in _DEFAULT_PORTS or (before.scheme, after.scheme) == ("https", "http"):
        raise APIError(
            f"{before.scheme}://{before.hostname} redirects to {after.scheme}, which is not followed", status
        )
    if _same_origin(before, after):
        return replace(request, url=url)
    return replace(request, url=url, headers={}, body=None)


def _same_origin(before: SplitResult, after: SplitResult) -> bool:
    """Return whether two URLs have the same origin, or lead from http to https of one host on the default ports."""
    origins = [(part.scheme, part.hostname, part.port or _DEFAULT_PORTS[part.scheme]) for part in (before, after)]
    return origins[0] == origins[1] or origins == [("http", before.hostname, 80), ("https", before.hostname, 443)]
