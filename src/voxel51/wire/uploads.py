"""Resumable uploads (the protocol tus 1.0.0): its headers, and the platform's header that names the finished data."""

import base64
import binascii
import re
from collections.abc import Mapping

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
CHECKSUM_ALGORITHMS = "sha1,sha256"
CONTENT_TYPE = "application/offset+octet-stream"

RESUMABLE = "Tus-Resumable"
SERVER_VERSION = "Tus-Version"
SERVER_EXTENSIONS = "Tus-Extension"
SERVER_CHECKSUM_ALGORITHMS = "Tus-Checksum-Algorithm"
SERVER_LIMIT = "Tus-Max-Size"
LENGTH = "Upload-Length"
OFFSET = "Upload-Offset"
METADATA = "Upload-Metadata"
EXPIRES = "Upload-Expires"
CHECKSUM = "Upload-Checksum"
DEFER_LENGTH = "Upload-Defer-Length"
DATA_ID = "X-Voxel51-Data-Id"
"""Header with the id of the data that a finished upload created."""

_KEY = re.compile(r"[!-+\--~]+")


def metadata_to_header(entries: Mapping[str, str]) -> str:
    """Return the value of the header `METADATA`: key and base64 of each entry."""
    return ",".join(
        f"{key} {base64.b64encode(text.encode(errors='replace')).decode()}" for key, text in entries.items()
    )


def metadata_from_header(text: str) -> dict[str, str]:
    """Return the entries of the header `METADATA`. A key without a value has an empty one.

    Raises:
        ValueError: the header is malformed; the message names the part.
    """
    entries: dict[str, str] = {}
    for part in text.split(",") if text.strip() else []:
        key, _, value = part.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in entries:
            raise ValueError(f"{METADATA} has an invalid or repeated key {key!r}. Keys are printable ASCII.")
        try:
            entries[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError(f"{METADATA} has a value that is not text in base64, under {key!r}") from None
    return entries
