"""Idempotency keys: a repeated request gets the answer of the first one, and has no second effect.

A client that received no answer cannot know whether its request was served. It sends the request again with the same
``Idempotency-Key``. The answer is stored in the same transaction as the effect, so a crash leaves both or neither.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Column, Integer, LargeBinary, Row, String, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette.responses import Response

from voxel51.server.database.database import Database
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment
from voxel51.server.errors import BadRequest, Conflict, Unprocessable
from voxel51.server.http.access import IdentifiedCaller
from voxel51.server.http.bodies import Form, Upload
from voxel51.wire import dates
from voxel51.wire.headers import IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED

MAX_KEY_LENGTH = 255
_RETENTION = timedelta(hours=24)
_UNSTORED_HEADERS = {"content-length", "set-cookie"}

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", String(64), primary_key=True),
    Column("key_hash", String(64), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Document, nullable=False),
    Column("body", LargeBinary),  # null: the answer contained a secret
    Column("created_at", Moment, nullable=False, index=True),
)

StoredAnswer = Row[tuple[str, str, str, int, dict[str, str], bytes | None, object]]


class IdempotencyStore:
    """Stores answers by caller and key for a day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run_once(
        self, identity: str, key: str, fingerprint: str, respond: Callable[[], Response], *, has_secret: bool
    ) -> Response:
        """Return the stored answer to the key, or call ``respond`` and store its answer.

        An exception from ``respond`` is passed on and nothing is stored, so that the request may be tried again.
        With ``has_secret`` the body is not stored.

        Raises:
            BadRequest: the key is malformed.
            Unprocessable: the key was sent with another request before.
            Conflict: the first answer contained a secret, which is shown only once.
        """
        primary_key = {"caller": identity, "key_hash": _hash_of_key(key)}
        try:
            # One write transaction around the handler: the services' own transactions become parts of it.
            with self._database.write() as connection:
                first = connection.execute(select(idempotency_keys).filter_by(**primary_key)).first()
                if first is not None:
                    return _replay(first, fingerprint)
                response = respond()
                headers = {name: text for name, text in response.headers.items() if name not in _UNSTORED_HEADERS}
                body = None if has_secret else bytes(response.body)
                row = {"status": response.status_code, "headers": headers, "body": body, "created_at": dates.now()}
                connection.execute(insert(idempotency_keys).values(**primary_key, fingerprint=fingerprint, **row))
                return response
        except IntegrityError:
            # Another process served the same key in the meantime. This transaction is rolled back: use its answer.
            with self._database.read() as connection:
                first = connection.execute(select(idempotency_keys).filter_by(**primary_key)).first()
            if first is None:
                raise
            return _replay(first, fingerprint)

    def delete_all(self, caller: IdentifiedCaller) -> bool:
        """Delete all answers to the caller; returns True, since nothing can be left over."""
        with self._database.write() as connection:
            connection.execute(delete(idempotency_keys).where(idempotency_keys.c.caller == caller.identity))
        return True

    def expire(self) -> int:
        """Delete answers older than a day; return their number."""
        with self._database.write() as connection:
            return connection.execute(
                delete(idempotency_keys).where(idempotency_keys.c.created_at < dates.now() - _RETENTION)
            ).rowcount


def fingerprint(request: Request, content: bytes, body: object) -> str:
    """Return a hash that tells this request from any other with the same key.

    ``content`` is the body as it was read; for files, which are not kept in memory, ``body`` has their hash.
    """
    parts: list[object] = [request.method, request.url.path, request.url.query, hashlib.sha256(content).hexdigest()]
    upload = body.upload if isinstance(body, Form) else body
    if isinstance(upload, Upload):
        sha256 = hashlib.sha256(upload.content).hexdigest() if upload.writer is None else upload.writer.sha256
        fields = body.fields if isinstance(body, Form) else {}
        parts += [upload.filename, sha256, sorted(fields.items())]
    return hashlib.sha256(json.dumps(parts).encode("utf-8", "replace")).hexdigest()


def _replay(first: StoredAnswer, fingerprint: str) -> Response:
    if first.fingerprint != fingerprint:
        raise Unprocessable(f"This {IDEMPOTENCY_KEY} was sent with another request before; use a new key")
    if first.body is None:
        raise Conflict(
            "This request was served before, and its answer contained a secret, which is shown only once. "
            "Create a new one"
        )
    return Response(first.body, first.status, {**first.headers, IDEMPOTENCY_REPLAYED: "true"})


def _hash_of_key(key: str) -> str:
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not all("!" <= character <= "~" for character in key):
        raise BadRequest(f"{IDEMPOTENCY_KEY} must be 1 to {MAX_KEY_LENGTH} printable ASCII characters without spaces")
    return hashlib.sha256(key.encode()).hexdigest()
