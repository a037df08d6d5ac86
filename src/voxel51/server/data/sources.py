"""Data whose bytes are on somebody else's host: named here, read from there whenever they are needed.

Nothing of them is kept, so they are there as long as their URL works, which is why their expiration date is fixed. They
are passed on while they arrive; whoever asked is never sent to their host, since old clients would tell it their
credentials.
"""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, insert

from voxel51.server.data.lifetime import first_expiration
from voxel51.server.data.names import clean_media_type, clean_name
from voxel51.server.data.service import DEFAULT_ENCODING, record_of
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.encryption import Cipher, DecryptionError
from voxel51.server.errors import BadRequest, SourceRefused, TooLarge
from voxel51.server.outbound.fetch import OutboundResponse, open_stream
from voxel51.server.outbound.guard import Guard
from voxel51.wire import dates
from voxel51.wire.data import DataByUrl, DataRecord

_LONGEST_ENCODING = 64


class SourceService:
    """Keeps where data are, sealed, since a signed URL is a secret; and reads them from there."""

    def __init__(self, database: Database, guard: Guard, cipher: Cipher, limit_bytes: int, lifetime: timedelta) -> None:
        self._database = database
        self._guard = guard
        self._cipher = cipher
        self._limit_bytes = limit_bytes
        self._lifetime = lifetime

    def check(self, described: DataByUrl) -> None:
        """Pass silently when the platform would request the URL. Resolves its host, so it may block for long.

        Raises:
            BadRequest: it would not.
        """
        self._guard.check(described["signed_url"])

    def ask_size_bytes(self, url: str) -> int:
        """How large the file at ``url`` is, as its host says when it is asked for the file; may block.

        Raises:
            BadRequest: the host does not say.
            SourceAway: the host does not answer as it should.
            SourceRefused: it refuses.
        """
        incoming = open_stream(self._guard, url)
        incoming.close()
        if incoming.size_bytes is None:
            raise BadRequest(f"{incoming.host} does not say how large the file is; say its 'size' in bytes")
        return incoming.size_bytes

    def add(self, owner_id: str, described: DataByUrl) -> DataRecord:
        """Keep what is said of a file elsewhere, its size too. Nothing is requested; `check` it before.

        Raises:
            BadRequest: the size, the name, the encoding or the expiration date will not do.
            TooLarge: the file is larger than this platform takes.
        """
        name = clean_name(described["filename"])
        row = {
            "id": str(uuid.uuid4()),
            "owner_id": owner_id,
            "name": name,
            "size_bytes": self._size_bytes(described["size"]),
            "media_type": clean_media_type(described.get("mimetype"), name),
            "encoding": _encoding(described.get("encoding")),
            "upload_date": dates.now(),
            "expiration_date": first_expiration(described.get("data_ttl"), self._lifetime),
            "source_url": self._cipher.encrypt(described["signed_url"]),
        }
        with self._database.write() as connection:
            connection.execute(insert(data).values(row))
        return record_of(row)

    def open(self, row: Row[Any]) -> "ExactBody":
        """Ask for the bytes of ``row``; may block. Close what is returned.

        Raises:
            SourceAway: their host does not answer as it should.
            SourceRefused: it refuses, or what it announces has another size.
        """
        try:
            url = self._cipher.decrypt(row.source_url)
        except DecryptionError:
            raise SourceRefused(f"The platform can no longer read where '{row.name}' is; post its URL again") from None
        incoming = open_stream(self._guard, url)
        if incoming.size_bytes not in {None, row.size_bytes}:
            incoming.close()
            raise _wrong_size(incoming, row.size_bytes, f"{incoming.size_bytes} bytes")
        return ExactBody(incoming, row.size_bytes)

    def _size_bytes(self, size: int | str) -> int:
        if isinstance(size, str) and not (size.isascii() and size.isdigit() and len(size) < 20):
            raise BadRequest(f"size is the number of the file's bytes, not {size!r:.40}")
        size_bytes = int(size)
        if size_bytes < 0:
            raise BadRequest(f"size is the number of the file's bytes, not {size_bytes}")
        if size_bytes > self._limit_bytes:
            raise TooLarge(f"The file is larger than the {self._limit_bytes} bytes that this platform takes")
        return size_bytes


class ExactBody:
    """An answer that must have exactly so many bytes. The last ones are held back until that is sure, so that whoever
    reads them can tell a file of another size from a whole one."""

    def __init__(self, incoming: OutboundResponse, size_bytes: int) -> None:
        self._incoming = incoming
        self._size_bytes = size_bytes

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they arrive.

        Raises:
            SourceAway: they break off, or come too slowly.
            SourceRefused: there are fewer or more.
        """
        left, held = self._size_bytes, b""
        for chunk in self._incoming.chunks():
            left -= len(chunk)
            if left < 0:
                raise _wrong_size(self._incoming, self._size_bytes, "more")
            if held:
                yield held
            held = chunk
        if left:
            raise _wrong_size(self._incoming, self._size_bytes, f"{self._size_bytes - left} bytes")
        if held:
            yield held

    def close(self) -> None:
        """Hang up. Closing twice does nothing."""
        self._incoming.close()


def _wrong_size(incoming: OutboundResponse, size_bytes: int, said: str) -> SourceRefused:
    return SourceRefused(f"{incoming.host} sends {said} although a file of {size_bytes} bytes was announced")


def _encoding(encoding: str | None) -> str:
    if not encoding:
        return DEFAULT_ENCODING
    if len(encoding) > _LONGEST_ENCODING or not (encoding.isascii() and encoding.isprintable()):
        raise BadRequest(f"encoding has 1 to {_LONGEST_ENCODING} printable ASCII characters, not {encoding!r:.100}")
    return encoding
