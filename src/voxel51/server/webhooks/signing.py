"""Signing messages, so that whoever gets one knows that it is ours, unaltered and fresh (Standard Webhooks, ``v1``)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from voxel51.wire.webhooks import WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP

_PREFIX = "whsec_"
_KEY_BYTES = 32


def new_secret() -> str:
    """A new secret, as it is told and kept."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")


def headers_of(message_id: str, timestamp: int, body: bytes, keys: Iterable[str]) -> dict[str, str]:
    """The headers of a message that is sent at ``timestamp`` (Unix seconds), with a signature by each of ``keys``."""
    said = f"{message_id}.{timestamp}.".encode() + body
    return {
        WEBHOOK_ID: message_id,
        WEBHOOK_TIMESTAMP: str(timestamp),
        WEBHOOK_SIGNATURE: " ".join(_signature(key, said) for key in keys),
    }


def _signature(key: str, said: bytes) -> str:
    digest = hmac.digest(base64.b64decode(key.removeprefix(_PREFIX)), said, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode("ascii")
