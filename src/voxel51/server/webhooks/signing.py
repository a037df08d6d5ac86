"""Webhook signatures (Standard Webhooks, ``v1``): prove that a message is from the platform, unaltered and recent."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from voxel51.wire.webhooks import WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP

_PREFIX = "whsec_"
_KEY_BYTES = 32


def new_secret() -> str:
    """Return a new secret: the prefix ``whsec_`` and the key in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")


def headers_of(message_id: str, timestamp: int, body: bytes, keys: Iterable[str]) -> dict[str, str]:
    """Return the headers of a message sent at ``timestamp`` (Unix seconds), with one signature for each of ``keys``."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        WEBHOOK_ID: message_id,
        WEBHOOK_TIMESTAMP: str(timestamp),
        WEBHOOK_SIGNATURE: " ".join(_signature(key, signed) for key in keys),
    }


def _signature(key: str, signed: bytes) -> str:
    digest = hmac.digest(base64.b64decode(key.removeprefix(_PREFIX)), signed, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode("ascii")
