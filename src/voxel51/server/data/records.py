"""Data records: the rows of the table of data as clients see them, in lists and in details."""

from datetime import datetime

from voxel51.server.data.tables import data
from voxel51.server.database.search import Listing
from voxel51.server.database.text_index import TextIndex
from voxel51.server.database.types import DatabaseRecord, DatabaseRow
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, NotFound, ServiceError
from voxel51.wire import dates
from voxel51.wire.data import DataRecord

LISTING = Listing(
    columns={
        "id": data.c.id,
        "name": data.c.name,
        "size": data.c.size_bytes,
        "type": data.c.media_type,
        "upload_date": data.c.upload_date,
        "expiration_date": data.c.expiration_date,
        "encoding": data.c.encoding,
    },
    texts=frozenset({"id", "name", "type"}),
    flags=frozenset(),
    identity=data.c.id,
    text_index=TextIndex("data"),
)

DEFAULT_ENCODING = "7bit"


def details_of(row: DatabaseRecord) -> DataRecord:
    """Return a row as `record_of`, with its SHA-256; also with ``filename``, where some clients expect the name."""
    return {**record_of(row), "filename": row["name"], "sha256": row["sha256"]}


def record_of(row: DatabaseRecord) -> DataRecord:
    """Return a row as clients see it: exactly the fields of the list, which old clients tabulate in their order."""
    return to_wire({field: row[column.name] for field, column in LISTING.columns.items()})


def to_wire(record: dict[str, object]) -> DataRecord:
    """Return a record of a list, whose dates become texts."""
    for field in ("upload_date", "expiration_date"):
        if isinstance(moment := record.get(field), datetime):
            record[field] = dates.to_text(moment)
    return record  # type: ignore[return-value]  # its keys are those of LISTING


def stored_download(row: DatabaseRow) -> Download:
    """Return the download of data whose file is stored."""
    return Download(row.storage_key, row.name, row.media_type, row.sha256, row.size_bytes)


def no_such_data(data_id: str) -> NotFound:
    """Return the error for an id that does not exist or belongs to another user."""
    return NotFound(f"Data '{data_id}' not found; it may have expired, or belong to another user")


def why_unchangeable(data_id: str, row: DatabaseRow | None) -> ServiceError | None:
    """Return why the expiration date of ``row`` cannot be changed; None if it can."""
    if row is None:
        return no_such_data(data_id)
    if row.source_url is not None:
        return BadRequest(
            f"Data '{data_id}' is a file elsewhere, so its expiration date is fixed. Post its URL again to change it"
        )
    return None
