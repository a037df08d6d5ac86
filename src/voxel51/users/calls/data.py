"""Calls about data: the files that users upload."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from voxel51.transport.messages import BufferedResponse
from voxel51.transport.multipart import FilePart
from voxel51.users.calls.call import (
    Call,
    batch,
    date_text,
    delete_path,
    document,
    entry,
    get,
    new_lifetime,
    path_segment,
    post_file,
    post_json,
    put,
)
from voxel51.users.query import DataQuery
from voxel51.wire import digests
from voxel51.wire.batches import BatchResponse
from voxel51.wire.data import DataList, DataRecord
from voxel51.wire.dates import from_text


def list_all() -> Call[list[DataRecord]]:
    """List all data of the caller."""
    return get("data/list", entry("data"))


def query(data_query: DataQuery) -> Call[DataList]:
    """List the data that match."""
    return get("data", document, data_query.to_dict())


def upload(file: FilePart, ttl: date | str | None) -> Call[tuple[DataRecord, str | None]]:
    """Upload a file that expires at ``ttl``.

    The result is its record, and the SHA-256 of the received bytes if the platform reports it.
    """

    def read(response: BufferedResponse) -> tuple[DataRecord, str | None]:
        return document(response.body)["data"], digests.from_header(response.headers.get("repr-digest"))

    options = {"data_ttl": None if ttl is None else date_text(ttl)}
    return replace(post_file("data", entry("data"), file, options), read_response=read)


def find(sha256: str, size_bytes: int, name: str, ttl: date | str | None) -> Call[DataRecord]:
    """Get a record of a file that the caller uploaded before, preferably one called ``name``.

    Its lifetime is extended to ``ttl``, or to that of a new upload.
    """
    body: dict[str, object] = {"sha256": sha256, "size": size_bytes, "filename": name}
    if ttl is not None:
        body["data_ttl"] = date_text(ttl)
    return post_json("data/reuse", entry("data"), body)


def post_url(
    url: str, filename: str, mime_type: str, size: int, expiration_date: date | str | None, encoding: str | None
) -> Call[DataRecord]:
    """Register a file on another host, from which the platform reads it when needed."""
    fields = {"signed_url": url, "filename": filename, "mimetype": mime_type, "size": size}
    if expiration_date is not None:
        fields["data_ttl"] = date_text(expiration_date)
    if encoding is not None:
        fields["encoding"] = encoding
    return post_json("data/url", entry("data"), fields)


def is_date(value: date | str | None) -> bool:
    """Return whether ``value`` is a date. The oldest clients pass an encoding as the same positional argument."""
    if value is None or isinstance(value, date):
        return True
    try:
        from_text(str(value))
    except ValueError:
        return False
    return True


def details(data_id: str) -> Call[DataRecord]:
    """Get the record of data."""
    return get(f"data/{path_segment(data_id)}", entry("data"))


def content(data_id: str) -> Call[bytes]:
    """Get the file."""
    return get(f"data/{path_segment(data_id)}/download", bytes)


def content_url(data_id: str) -> Call[str]:
    """Get a signed URL of the file."""
    return get(f"data/{path_segment(data_id)}/download-url", entry("url"))


def update_ttl(data_id: str, days: float | str | None, expiration_date: date | str | None) -> Call[None]:
    """Change the lifetime of data. Adding days twice adds them twice, so that form is not retried."""
    form = new_lifetime(days, expiration_date)
    return put(f"data/{path_segment(data_id)}/ttl", form, repeatable="days" not in form)


def delete(data_id: str) -> Call[None]:
    """Delete data."""
    return delete_path(f"data/{path_segment(data_id)}")


def batch_details(data_ids: Iterable[str]) -> Call[dict[str, BatchResponse]]:
    """Get the records of many data."""
    return batch("data", "details", data_ids)


def batch_update_ttl(
    data_ids: Iterable[str], days: float | str | None, expiration_date: date | str | None
) -> Call[dict[str, BatchResponse]]:
    """Change the lifetimes of many data."""
    return batch("data", "ttl", data_ids, **new_lifetime(days, expiration_date))


def batch_delete(data_ids: Iterable[str]) -> Call[dict[str, BatchResponse]]:
    """Delete many data."""
    return batch("data", "delete", data_ids)
