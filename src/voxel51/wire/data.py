"""Data: the files that users upload and jobs read."""

from typing import NotRequired, Required, TypedDict

from voxel51.wire.query import ListPage


class DataRecord(TypedDict, total=False):
    """One file. Queries return only the requested fields. ``filename`` and ``sha256`` come with details only.

    The fields from ``duration_seconds`` on come only with queries that name them. They are facts of a video or audio
    file, which are null until the platform has read it; ``analytics`` are the names of those with a complete job on the
    file, and ``labels`` what these found, the most frequent first.
    """

    id: Required[str]
    name: str
    size: int
    type: str | None
    encoding: str | None
    upload_date: str
    expiration_date: str | None
    filename: NotRequired[str]
    sha256: NotRequired[str | None]
    duration_seconds: NotRequired[float | None]
    frame_rate: NotRequired[float | None]
    frame_count: NotRequired[int | None]
    width: NotRequired[int | None]
    height: NotRequired[int | None]
    video_codec: NotRequired[str | None]
    audio_codec: NotRequired[str | None]
    has_audio: NotRequired[bool | None]
    analytics: NotRequired[list[str] | None]
    labels: NotRequired[list[str] | None]
    tags: NotRequired[list[str] | None]
    metadata: NotRequired[dict[str, str] | None]
    collections: NotRequired[list[str] | None]


class DataByUrl(TypedDict):
    """Body of ``POST data/url``: a file on another host. ``signed_url`` must work until ``data_ttl`` (ISO 8601).

    ``size`` is in bytes, and may be text; without it the platform asks the other host. ``encoding`` is a transfer
    encoding such as ``7bit``.
    """

    signed_url: str
    filename: str
    size: NotRequired[int | str]
    mimetype: NotRequired[str | None]
    data_ttl: NotRequired[str | None]
    encoding: NotRequired[str | None]


class DataReuse(TypedDict):
    """Body of ``POST data/reuse``: hash and size of a file that the caller may have uploaded before.

    ``sha256`` is in hexadecimal, ``size`` in bytes. Of several records with these bytes, one called ``filename`` is
    preferred. ``data_ttl`` is the date at which the record may expire (ISO 8601), as for an upload.
    """

    sha256: str
    size: int
    filename: NotRequired[str | None]
    data_ttl: NotRequired[str | None]


class DataList(ListPage):
    """Response of ``GET data`` and ``GET data/list``."""

    data: list[DataRecord]


class DataDetails(TypedDict):
    """Response of ``POST data``, ``POST data/reuse`` and ``GET data/<id>``."""

    data: DataRecord


class SignedUrl(TypedDict):
    """URL that works without further credentials."""

    url: str


class DataSource(TypedDict):
    """Folder or prefix of a bucket whose files are data of the caller.

    ``registered_by`` is ``user`` or ``operator``; ``collection`` the id of the collection to which its files are added.
    ``problem`` says why the files could not be listed, ``left_out`` which of them cannot be data.
    """

    id: str
    location: str
    created_date: str
    scanned_date: str | None
    registered_by: str
    collection: str | None
    files: int
    problem: str | None
    left_out: str | None


class NewDataSource(TypedDict):
    """Body of ``POST data/sources``: an absolute path or ``s3://BUCKET/PREFIX``, below one of the allowed locations.

    ``collection`` is the id of a collection to which the files are added.
    """

    location: str
    collection: NotRequired[str | None]


class DataSources(TypedDict):
    """Response of ``GET data/sources``, the oldest first. Users may register sources below the ``locations``."""

    sources: list[DataSource]
    locations: list[str]


class DataSourceDetails(TypedDict):
    """Response of ``POST data/sources``."""

    source: DataSource
