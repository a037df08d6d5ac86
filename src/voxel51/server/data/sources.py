"""Data by URL: files on other hosts, recorded here and read from there whenever they are needed.

No bytes are kept, so the data exist as long as their URL works; their expiration date is fixed for that reason. The
bytes are passed on while they arrive. Clients are never redirected to the other host: old clients would send their
credentials there.
"""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from sqlalchemy import insert

from voxel51.server.accounts.tables import application_of
from voxel51.server.data.in_place import IN_PLACE, InPlaceService
from voxel51.server.data.lifetime import first_expiration
from voxel51.server.data.names import clean_media_type, clean_name
from voxel51.server.data.records import DEFAULT_ENCODING, record_of, stored_download
from voxel51.server.data.service import OnAdded
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.downloads import Download, ProxiedDownload
from voxel51.server.encryption import Cipher, DecryptionError
from voxel51.server.errors import BadRequest, SourceRefused, TooLarge
from voxel51.server.outbound.fetch import OutboundResponse, open_stream
from voxel51.server.outbound.guard import Guard
from voxel51.wire import dates
from voxel51.wire.data import DataByUrl, DataRecord

_MAX_ENCODING_LENGTH = 64


class SourceService:
    """Records the URLs of data, encrypted because a signed URL is a secret, and reads their bytes."""

    def __init__(
        self,
        database: Database,
        guard: Guard,
        cipher: Cipher,
        limit_bytes: int,
        lifetime: timedelta,
        in_place: InPlaceService | None = None,
    ) -> None:
        self._database = database
        self._guard = guard
        self._cipher = cipher
        self._limit_bytes = limit_bytes
        self._lifetime = lifetime
        self._in_place = in_place
        self._on_added: list[OnAdded] = []

    def on_added(self, act: OnAdded) -> None:
        """Call ``act`` for each file that is recorded as data by URL, from now on."""
        self._on_added.append(act)

    def check(self, described: DataByUrl) -> None:
        """Raise `BadRequest` unless the platform may request the URL. Resolves its host, so it may block for long.

        Raises:
            BadRequest: the URL is rejected.
        """
        self._guard.check(described["signed_url"])

    def ask_size_bytes(self, url: str) -> int:
        """Request ``url`` and return the size that its host announces; may block.

        Raises:
            BadRequest: the host does not announce the size.
            SourceAway: the host does not respond properly.
            SourceRefused: the host refuses the request.
        """
        response = open_stream(self._guard, url)
        response.close()
        if response.size_bytes is None:
            raise BadRequest(f"{response.host} does not say how large the file is; add its 'size' in bytes")
        return response.size_bytes

    def add(self, owner_id: str, described: DataByUrl) -> DataRecord:
        """Record data by URL, with the size in ``described``. This requests nothing; call `check` first.

        Raises:
            BadRequest: the size, name, encoding or expiration date is invalid.
            TooLarge: the file exceeds the platform's limit.
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
            connection.execute(insert(data).values({**row, "application_id": application_of(owner_id)}))
            for act in self._on_added:
                act(connection, owner_id, record_of(row))
        return record_of(row)

    def content_of(self, row: DatabaseRow) -> Download | ProxiedDownload:
        """Return the content of any data ``row``: the stored file, the one in place, or the proxied one of data by URL.

        Raises:
            SourceRefused: the row can no longer be read.
        """
        if row.source_url is None:
            return stored_download(row)
        if self._in_place is not None and self._url_of(row) == IN_PLACE:
            return self._in_place.download(row)
        return ProxiedDownload(partial(self.open, row), row.size_bytes, row.name, row.media_type)

    def open(self, row: DatabaseRow) -> "ExactBody":
        """Request the bytes of ``row``; may block. Close the returned body.

        Raises:
            SourceAway: the host does not respond properly.
            SourceRefused: the host refuses the request, or announces another size.
        """
        response = open_stream(self._guard, self._url_of(row))
        if response.size_bytes not in {None, row.size_bytes}:
            response.close()
            raise _wrong_size(response, row.size_bytes, f"{response.size_bytes} bytes")
        return ExactBody(response, row.size_bytes)

    def _url_of(self, row: DatabaseRow) -> str:
        try:
            return self._cipher.decrypt(row.source_url)
        except DecryptionError:
            raise SourceRefused(
                f"The URL of '{row.name}' can no longer be decrypted: the platform's key was replaced. Post it again"
            ) from None

    def _size_bytes(self, size: int | str) -> int:
        if isinstance(size, str) and not (size.isascii() and size.isdigit() and len(size) < 20):
            raise BadRequest(f"size is the number of the file's bytes, not {size!r:.40}")
        size_bytes = int(size)
        if size_bytes < 0:
            raise BadRequest(f"size is the number of the file's bytes, not {size_bytes}")
        if size_bytes > self._limit_bytes:
            raise TooLarge(f"The file exceeds the {self._limit_bytes} bytes that this platform accepts")
        return size_bytes


class ExactBody:
    """A response body that must have an exact size.

    The last chunk is held back until the size is certain, so that a reader can tell a file of another size from a
    complete one.
    """

    def __init__(self, response: OutboundResponse, size_bytes: int) -> None:
        self._response = response
        self._size_bytes = size_bytes

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they arrive.

        Raises:
            SourceAway: the body breaks off, or arrives too slowly.
            SourceRefused: it has fewer or more bytes than announced.
        """
        remaining, held = self._size_bytes, b""
        for chunk in self._response.chunks():
            remaining -= len(chunk)
            if remaining < 0:
                raise _wrong_size(self._response, self._size_bytes, "more")
            if held:
                yield held
            held = chunk
        if remaining:
            raise _wrong_size(self._response, self._size_bytes, f"{self._size_bytes - remaining} bytes")
        if held:
            yield held

    def close(self) -> None:
        """Close the connection. Closing twice does nothing."""
        self._response.close()


def _wrong_size(response: OutboundResponse, size_bytes: int, sent: str) -> SourceRefused:
    return SourceRefused(f"{response.host} sent {sent} although a file of {size_bytes} bytes was announced")


def _encoding(encoding: str | None) -> str:
    if not encoding:
        return DEFAULT_ENCODING
    if len(encoding) > _MAX_ENCODING_LENGTH or not (encoding.isascii() and encoding.isprintable()):
        raise BadRequest(f"encoding has 1 to {_MAX_ENCODING_LENGTH} printable ASCII characters, not {encoding!r:.100}")
    return encoding
