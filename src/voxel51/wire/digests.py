"""Digest headers: content hashes (RFC 9530), ``sha-256=:<base64>:``, possibly among other algorithms."""

import base64
import binascii
import re

REPR_DIGEST = "Repr-Digest"
"""Header with the hash of a whole file, even if the response contains a part of it, or headers only."""

CONTENT_DIGEST = "Content-Digest"
"""Header with the hash of the bytes of a body."""

PATTERN = "^sha-256=:[A-Za-z0-9+/]{43}=:$"
"""Regular expression of a header's value, for the API description."""

_SHA256 = re.compile(r"(?:^|,)\s*sha-256=([^,]*)", re.IGNORECASE)


def to_header(sha256: str) -> str:
    """Return the header's value for a SHA-256 in hexadecimal."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def from_header(text: str | None) -> str | None:
    """Return the SHA-256 in a header's value, in hexadecimal; None if the header has no SHA-256.

    Raises:
        ValueError: the SHA-256 is malformed.
    """
    found = _SHA256.search(text or "")
    if found is None:
        return None
    value = found[1].partition(";")[0].strip()
    try:
        digest = base64.b64decode(value[1:-1], validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 32 or value[0] != ":" or value[-1] != ":":
        raise ValueError(f"{value!r} is not a SHA-256. The format is sha-256=:<base64 of 32 bytes>:")
    return digest.hex()
