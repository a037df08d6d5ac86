"""What a record of data is answered with when its bytes are asked for."""

from functools import partial
from typing import Any

from sqlalchemy import Row

from voxel51.server.data.sources import SourceService
from voxel51.server.http.route import Download, Through


def content_of(row: Row[Any], sources: SourceService) -> Download | Through:
    """The bytes of ``row``, wherever they are."""
    if row.source_url is None:
        return Download(row.storage_key, row.name, row.media_type, row.sha256)
    return Through(partial(sources.open, row), row.size_bytes, row.name, row.media_type)
