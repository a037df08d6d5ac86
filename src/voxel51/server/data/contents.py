"""Data content: the response to a request for the bytes of data."""

from functools import partial

from voxel51.server.data.sources import SourceService
from voxel51.server.database.types import DatabaseRow
from voxel51.server.downloads import Download, ProxiedDownload


def content_of(row: DatabaseRow, sources: SourceService) -> Download | ProxiedDownload:
    """Return the bytes of ``row``, from the storage or from the host of its URL."""
    if row.source_url is None:
        return Download(row.storage_key, row.name, row.media_type, row.sha256)
    return ProxiedDownload(partial(sources.open, row), row.size_bytes, row.name, row.media_type)
