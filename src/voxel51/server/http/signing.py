"""Links that carry their own permission, bound to a method and a path and ending at a time."""

import hashlib
import hmac
import time
from collections.abc import Mapping

from itsdangerous import Signer

from voxel51.server.errors import Forbidden


class LinkSigner:
    """Makes and checks signed links with one key.

    A link's query is ``expires=<Unix seconds>&signature=<HMAC-SHA256 over method, path and expiry>``. One that is
    made for GET serves HEAD too.
    """

    def __init__(self, key: bytes, lifetime_seconds: int) -> None:
        self._signer = Signer(key, salt=b"voxel51.link", digest_method=_sha256, key_derivation="hmac")
        self._lifetime_seconds = lifetime_seconds

    def query(self, method: str, path: str) -> str:
        """The query that permits ``method`` on ``path`` for the lifetime of links."""
        expires = int(time.time()) + self._lifetime_seconds
        return f"expires={expires}&signature={self._signature(method, path, str(expires))}"

    def check(self, method: str, path: str, arguments: Mapping[str, str]) -> None:
        """Pass silently when the query permits this.

        Raises:
            Forbidden: it is unsigned, altered, expired, or signed for something else.
        """
        method = "GET" if method == "HEAD" else method
        expires, signature = arguments.get("expires", ""), arguments.get("signature", "")
        # Text against text: a decoder would pass over characters that are no part of a signature.
        if not hmac.compare_digest(self._signature(method, path, expires).encode(), signature.encode()):
            raise Forbidden("This link is not signed for this request; ask the platform for a new one")
        if int(expires) < time.time():
            raise Forbidden("This link has expired; ask the platform for a new one")

    def _signature(self, method: str, path: str, expires: str) -> str:
        return self._signer.get_signature(_said(method, path, expires)).decode("ascii")


def _said(method: str, path: str, expires: str) -> bytes:
    return f"{method}\n{path}\n{expires}".encode()


def _sha256(data: bytes = b"") -> "hashlib._Hash":
    return hashlib.sha256(data)
