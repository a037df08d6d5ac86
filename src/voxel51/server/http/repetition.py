"""Requests that are sent twice and done once.

A client that got no answer cannot know whether its request was served. It sends the same ``Idempotency-Key`` again,
and gets the answer that it missed. The answer is kept in the very transaction that does what was asked, so either
both are there or neither is.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import Column, Integer, LargeBinary, String, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette.responses import Response

from voxel51.server.database.database import Database
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment
from voxel51.server.errors import BadRequest, Conflict, Unprocessable
from voxel51.server.http.route import Call, Needs, Route
from voxel51.wire import dates
from voxel51.wire.headers import IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED

LONGEST_KEY = 255
_KEPT = timedelta(hours=24)
_UNKEPT_HEADERS = {"content-length", "set-cookie"}


class Caller(Protocol):
    """Whoever repeats requests."""

    @property
    def identity(self) -> str:
        """What tells it from every other."""


answers = Table(
    "idempotency_keys",
    metadata,
    Column("caller", String(64), primary_key=True),
    Column("key_hash", String(64), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Document, nullable=False),
    Column("body", LargeBinary),  # null: it told a secret
    Column("created_at", Moment, nullable=False, index=True),
)


def is_remembered(route: Route) -> bool:
    """Whether requests to ``route`` can be repeated by key: those that make something, for somebody known."""
    return route.method == "POST" and route.needs not in {Needs.NOBODY, Needs.LINK}


class Repetitions:
    """Serves requests at most once for each key of a caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def once(
        self, route: Route, request: Request, call: Call, content: bytes, serve: Callable[[], Response]
    ) -> Response:
        """What ``serve`` answers; or, to a repetition, what it answered then. ``content`` is the body that was read.

        Raises:
            BadRequest: the key is none.
            Unprocessable: the key came with another request before.
            Conflict: the first answer told a secret, which is told once.
        """
        key = request.headers.get(IDEMPOTENCY_KEY)
        if key is None or not is_remembered(route):
            return serve()
        identity = {"caller": call.caller.identity, "key_hash": _hash_of_key(key)}
        fingerprint = _fingerprint(request, call, content)
        try:
            with self._database.write() as connection:
                first = connection.execute(select(answers).filter_by(**identity)).first()
                if first is not None:
                    return _again(first, fingerprint)
                answer = serve()
                kept = {name: text for name, text in answer.headers.items() if name not in _UNKEPT_HEADERS}
                body = None if route.tells_secret else bytes(answer.body)
                row = {"status": answer.status_code, "headers": kept, "body": body, "created_at": dates.now()}
                connection.execute(insert(answers).values(**identity, fingerprint=fingerprint, **row))
                return answer
        except IntegrityError:  # another process served the same key meanwhile; what was done here is undone
            with self._database.read() as connection:
                first = connection.execute(select(answers).filter_by(**identity)).first()
            if first is None:
                raise
            return _again(first, fingerprint)

    def delete_all(self, caller: Caller) -> bool:
        """Forget all answers that a caller got."""
        with self._database.write() as connection:
            connection.execute(delete(answers).where(answers.c.caller == caller.identity))
        return True

    def expire(self) -> int:
        """Forget answers whose day is over; returns how many."""
        with self._database.write() as connection:
            return connection.execute(delete(answers).where(answers.c.created_at < dates.now() - _KEPT)).rowcount


def _again(first: Any, fingerprint: str) -> Response:
    if first.fingerprint != fingerprint:
        raise Unprocessable(f"This {IDEMPOTENCY_KEY} came with another request before; take a new key")
    if first.body is None:
        raise Conflict("This was done already, and its answer has a secret, which is told once; ask for a new one")
    return Response(first.body, first.status, {**first.headers, IDEMPOTENCY_REPLAYED: "true"})


def _hash_of_key(key: str) -> str:
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= character <= "~" for character in key):
        raise BadRequest(f"{IDEMPOTENCY_KEY} must be 1 to {LONGEST_KEY} printable ASCII characters without spaces")
    return hashlib.sha256(key.encode()).hexdigest()


def _fingerprint(request: Request, call: Call, content: bytes) -> str:
    said: list[Any] = [request.method, request.url.path, request.url.query, hashlib.sha256(content).hexdigest()]
    if call.upload is not None:
        upload = call.upload
        sha256 = hashlib.sha256(upload.content).hexdigest() if upload.writer is None else upload.writer.sha256
        said += [upload.filename, sha256, sorted(call.fields.items())]
    return hashlib.sha256(json.dumps(said).encode("utf-8", "replace")).hexdigest()
