"""Signed links: URLs that permit one method on one path until they expire, without any other credential."""

import hashlib
import hmac
import time
from collections.abc import Mapping

from itsdangerous import Signer

from voxel51.server.errors import Forbidden


class LinkSigner:
    """Creates and checks signed links with one key.

    A link's query is ``expires=<Unix seconds>&signature=<HMAC-SHA256 over method, path and expiry>``. A link for GET
    permits HEAD too.
    """

    def __init__(self, key: bytes, lifetime_seconds: int) -> None:
        self._signer = Signer(key, salt=b"voxel51.link", digest_method=_sha256, key_derivation="hmac")
        self._lifetime_seconds = lifetime_seconds

    def query(self, method: str, path: str) -> str:
        """Return the query string that permits ``method`` on ``path`` for the lifetime of links."""
        expires = int(time.time()) + self._lifetime_seconds
        return f"expires={expires}&signature={self._signature(method, path, str(expires))}"

    def check(self, method: str, path: str, query_params: Mapping[str, str]) -> None:
        """Raise `Forbidden` if the query is unsigned, altered, expired, or signed for another method or path."""
        method = "GET" if method == "HEAD" else method
        expires, signature = query_params.get("expires", ""), query_params.get("signature", "")
        # Compare the texts: a base64 decoder would skip characters that do not belong to a signature.
        if not hmac.compare_digest(self._signature(method, path, expires).encode(), signature.encode()):
            raise Forbidden("The link is not signed for this request; get a new one from the platform")
        if int(expires) < time.time():
            raise Forbidden("The link has expired; get a new one from the platform")

    def _signature(self, method: str, path: str, expires: str) -> str:
        return self._signer.get_signature(_message(method, path, expires)).decode("ascii")


def _message(method: str, path: str, expires: str) -> bytes:
    return f"{method}\n{path}\n{expires}".encode()


def _sha256(data: bytes = b"") -> "hashlib._Hash":
    return hashlib.sha256(data)
