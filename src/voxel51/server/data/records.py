"""Data records: the rows of the table of data as clients see them, in lists and in details."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Connection

from voxel51.server.data.tables import data
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.conditions import Relation
from voxel51.server.database.listing import run
from voxel51.server.database.search import Holder, Listing, Query
from voxel51.server.database.text_index import TextIndex
from voxel51.server.database.types import DatabaseRecord, DatabaseRow
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, NotFound, ServiceError
from voxel51.wire import dates
from voxel51.wire.data import DataList, DataRecord
from voxel51.wire.query import MEDIA_FIELDS

LISTING = Listing(
    columns={
        "id": data.c.id,
        "name": data.c.name,
        "size": data.c.size_bytes,
        "type": data.c.media_type,
        "upload_date": data.c.upload_date,
        "expiration_date": data.c.expiration_date,
        "encoding": data.c.encoding,
        **{name: data.c[name] for name in MEDIA_FIELDS},
    },
    on_request=frozenset(MEDIA_FIELDS),
    texts=frozenset({"id", "name", "type"}),
    named_texts=frozenset({"video_codec", "audio_codec"}),
    flags=frozenset({"has_audio"}),
    numbers=frozenset({"duration_seconds", "frame_rate", "frame_count", "width", "height", "size"}),
    owner=data.c.owner_id,
    identity=data.c.id,
    text_index=TextIndex("data"),
)

Compute = Callable[[Connection, Sequence[str]], Mapping[str, object]]
"""Returns the value of a field of each of these data that has one, by id."""


@dataclass(frozen=True, slots=True)
class DataLists:
    """Fields that lists of data show and search: the listing, and those that are computed if a query names them."""

    listing: Listing = LISTING
    computed: Mapping[str, Compute] = field(default_factory=dict)

    def extended(self, relations: Mapping[str, Relation], computed: Mapping[str, Compute]) -> "DataLists":
        """Return these lists with further search fields and computed fields, of other packages."""
        known = self.listing
        computed = {**self.computed, **computed}
        listing = replace(known, relations={**known.relations, **relations}, further=tuple(computed))
        return DataLists(listing, computed)

    def page(
        self, connection: Connection, query: Query, holder: Holder | None, visible: Sequence[ColumnElement[bool]] = ()
    ) -> DataList:
        """Return the page of the data of ``holder`` that match ``query`` and all ``visible`` conditions."""
        asked = query.fields or ()
        names = [name for name in self.computed if name in asked]
        page = run(connection, self.listing, replace(query, fields=(*asked, "id")) if names else query, visible, holder)
        records = [to_wire(record) for record in page.records]
        if names:
            ids = [record["id"] for record in records]
            found = {name: self._values(connection, name, ids) for name in names}
            records = [
                cast("DataRecord", {name: found[name].get(record["id"]) if name in found else record.get(name)
                                    for name in asked if name in found or name in record})
                for record in records
            ]  # fmt: skip
        return {"data": records, **page.totals()}

    def _values(self, connection: Connection, name: str, data_ids: Sequence[str]) -> Mapping[str, object]:
        found: dict[str, object] = {}
        for chunk in in_chunks(data_ids):
            found.update(self.computed[name](connection, chunk))
        return found


DEFAULT_ENCODING = "7bit"


def details_of(row: DatabaseRecord) -> DataRecord:
    """Return a row as `record_of`, with its SHA-256; also with ``filename``, where some clients expect the name."""
    return {**record_of(row), "filename": row["name"], "sha256": row["sha256"]}


def record_of(row: DatabaseRecord) -> DataRecord:
    """Return a row as clients see it: exactly the fields of the list, which old clients tabulate in their order."""
    return to_wire({field: row[LISTING.columns[field].name] for field in LISTING.returned})


def to_wire(record: dict[str, object]) -> DataRecord:
    """Return a record of a list, whose dates become texts."""
    for name in ("upload_date", "expiration_date"):
        if isinstance(moment := record.get(name), datetime):
            record[name] = dates.to_text(moment)
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
