"""Where a redirect leads, and what may be told there."""

from dataclasses import replace
from urllib.parse import SplitResult, urljoin, urlsplit

from voxel51.transport.errors import APIError
from voxel51.transport.messages import Request

MAX_REDIRECTS = 10
_REDIRECTS = {301, 302, 303, 307, 308}
_DEFAULT_PORTS = {"http": 80, "https": 443}


def after_redirect(request: Request, status: int, location: str | None) -> Request | None:
    """The request that an answer asks for instead of ``request``; None when it is the answer itself.

    Only GET and HEAD are redirected: anything else would be sent twice. At another place than the one it was meant
    for, a request arrives bare, without credentials, other headers and body.

    Raises:
        APIError: the redirect leads out of https, or to something that HTTP does not reach.
    """
    if status not in _REDIRECTS or location is None or request.method not in {"GET", "HEAD"}:
        return None
    url = urljoin(request.url, location)
    before, after = urlsplit(request.url), urlsplit(url)
    if after.scheme not in _DEFAULT_PORTS or (before.scheme, after.scheme) == ("https", "http"):
        raise APIError(
            f"{before.scheme}://{before.hostname} redirects to {after.scheme}, which is not followed", status
        )
    if _same_place(before, after):
        return replace(request, url=url)
    return replace(request, url=url, headers={}, body=None)


def _same_place(before: SplitResult, after: SplitResult) -> bool:
    """Same host and port, or its secure twin on the ordinary ports."""
    places = [(part.scheme, part.hostname, part.port or _DEFAULT_PORTS[part.scheme]) for part in (before, after)]
    return places[0] == places[1] or places == [("http", before.hostname, 80), ("https", before.hostname, 443)]
