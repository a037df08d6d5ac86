"""Rows of unfinished uploads, which resumable and direct uploads share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from voxel51.server.data.contents import read_reuse
from voxel51.server.data.lifetime import first_expiration
from voxel51.server.data.names import clean_media_type, clean_name
from voxel51.server.data.tables import data, uploads
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import NotFound
from voxel51.wire import dates


@dataclass(frozen=True, slots=True)
class NewUpload:
    """Announcement of an upload. ``sha256`` of the whole file in hexadecimal, if the client knows it in advance."""

    size_bytes: int
    metadata_text: str
    metadata: Mapping[str, str]
    sha256: str | None


def new_row(owner_id: str, new: NewUpload, idle_lifetime: timedelta) -> dict[str, object]:
    """Return the columns of a new upload, but its ids.

    Raises:
        BadRequest: the name, the expiration date or ``reuse`` is invalid.
    """
    metadata = new.metadata
    name = clean_name(metadata.get("filename") or metadata.get("name") or "file")
    ttl = metadata.get("data_ttl") or None
    read_reuse(metadata.get("reuse"))  # raises for an invalid value
    if ttl is not None:
        first_expiration(ttl, idle_lifetime)  # raises for an invalid date
    return {
        "owner_id": owner_id,
        "name": name,
        "media_type": clean_media_type(metadata.get("filetype") or metadata.get("type"), name),
        "size_bytes": new.size_bytes,
        "metadata_text": new.metadata_text,
        "data_ttl": ttl,
        "expected_sha256": new.sha256,
        "expires_at": dates.now() + idle_lifetime,
    }


def find_upload(database: Database, owner_id: str, upload_id: str) -> DatabaseRow:
    """Return the row of an upload, with the hash of the data that it became.

    Raises:
        NotFound: the owner has no such upload.
    """
    statement = select(uploads, data.c.sha256).outerjoin(data, data.c.id == uploads.c.data_id)
    chosen = (uploads.c.id == upload_id) & (uploads.c.owner_id == owner_id)
    with database.read() as connection:
        row = connection.execute(statement.where(chosen)).first()
    if row is None:
        raise NotFound(f"Upload '{upload_id}' not found; it may have expired, or belong to another user")
    return row
