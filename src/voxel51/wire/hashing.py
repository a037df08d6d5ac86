"""SHA-256 for the client. `hashlib` loads OpenSSL, which is slow, so it is imported by the first hash and not by the
import of the client.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash


def new_sha256(content: bytes = b"") -> "_Hash":
    """Return a running SHA-256 that has seen ``content``."""
    from hashlib import sha256  # noqa: PLC0415  (see above)

    return sha256(content)
