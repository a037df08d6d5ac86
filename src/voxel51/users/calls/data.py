"""Calls about data: the files that people upload."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from voxel51.transport.messages import BufferedResponse
from voxel51.transport.multipart import FilePart
from voxel51.users.calls.call import (
    Call,
    batch,
    date_text,
    delete,
    document,
    entry,
    get,
    new_lifetime,
    part_of_path,
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
    """All of the caller's."""
    return get("data/list", entry("data"))


def query(data_query: DataQuery) -> Call[DataList]:
    """Those that match."""
    return get("data", document, data_query.to_dict())


def upload(file: FilePart, ttl: date | str | None) -> Call[tuple[DataRecord, str | None]]:
    """Upload a file, to be kept until ``ttl``. Gives its record, and the SHA-256 of what arrived, where it is told."""

    def read(answer: BufferedResponse) -> tuple[DataRecord, str | None]:
        return document(answer.body)["data"], digests.from_header(answer.headers.get("repr-digest"))

    options = {"data_ttl": None if ttl is None else date_text(ttl)}
    return replace(post_file("data", entry("data"), file, options), read_answer=read)


def post_url(
    url: str, filename: str, mime_type: str, size: int, expiration_date: date | str | None, encoding: str | None
) -> Call[DataRecord]:
    """Let the platform read a file from elsewhere when it needs it."""
    described = {"signed_url": url, "filename": filename, "mimetype": mime_type, "size": size}
    if expiration_date is not None:
        described["data_ttl"] = date_text(expiration_date)
    if encoding is not None:
        described["encoding"] = encoding
    return post_json("data/url", entry("data"), described)


def is_date(value: date | str | None) -> bool:
    """Whether ``value`` can stand for a date. The oldest clients had an encoding in its place."""
    if value is None or isinstance(value, date):
        return True
    try:
        from_text(str(value))
    except ValueError:
        return False
    return True


def details(data_id: str) -> Call[DataRecord]:
    """The record of one."""
    return get(f"data/{part_of_path(data_id)}", entry("data"))


def content(data_id: str) -> Call[bytes]:
    """The file itself."""
    return get(f"data/{part_of_path(data_id)}/download", bytes)


def content_url(data_id: str) -> Call[str]:
    """A link to the file that carries its own permission."""
    return get(f"data/{part_of_path(data_id)}/download-url", entry("url"))


def update_ttl(data_id: str, days: float | str | None, expiration_date: date | str | None) -> Call[None]:
    """Change how long it is kept. Moving it by days twice moves it further, so that is not repeated."""
    form = new_lifetime(days, expiration_date)
    return put(f"data/{part_of_path(data_id)}/ttl", form, repeatable="days" not in form)


def remove(data_id: str) -> Call[None]:
    """Remove one."""
    return delete(f"data/{part_of_path(data_id)}")


def details_of_many(data_ids: Iterable[str]) -> Call[dict[str, BatchResponse]]:
    """The records of many."""
    return batch("data", "details", data_ids)


def update_ttl_of_many(
    data_ids: Iterable[str], days: float | str | None, expiration_date: date | str | None
) -> Call[dict[str, BatchResponse]]:
    """Change how long many are kept."""
    return batch("data", "ttl", data_ids, **new_lifetime(days, expiration_date))


def remove_many(data_ids: Iterable[str]) -> Call[dict[str, BatchResponse]]:
    """Remove many."""
    return batch("data", "delete", data_ids)
