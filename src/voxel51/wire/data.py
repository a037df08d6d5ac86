"""Data: the files that people upload and jobs read."""

from typing import NotRequired, Required, TypedDict


class DataRecord(TypedDict, total=False):
    """One file. Queries return only the fields that were asked for; the last two come with details alone."""

    id: Required[str]
    name: str
    size: int
    type: str | None
    encoding: str | None
    upload_date: str
    expiration_date: str | None
    filename: NotRequired[str]
    sha256: NotRequired[str | None]


FIELDS = ("id", "name", "size", "type", "upload_date", "expiration_date", "encoding")
"""What queries and the answer to an upload tell of a file."""


class DataByUrl(TypedDict):
    """Body of ``POST data/url``: a file elsewhere, which ``signed_url`` must give until ``data_ttl`` (ISO 8601).

    ``size`` is in bytes, and may be text; without it the platform asks the other host. ``encoding`` is a transfer
    encoding such as ``7bit``.
    """

    signed_url: str
    filename: str
    size: NotRequired[int | str]
    mimetype: NotRequired[str | None]
    data_ttl: NotRequired[str | None]
    encoding: NotRequired[str | None]


class DataList(TypedDict):
    """Answer of ``GET data`` and ``GET data/list``; ``count`` is the matches before offset and limit."""

    data: list[DataRecord]
    count: int


class DataDetails(TypedDict):
    """Answer of ``POST data`` and ``GET data/<id>``."""

    data: DataRecord


class SignedUrl(TypedDict):
    """A link that carries its own permission, for whoever holds it."""

    url: str
