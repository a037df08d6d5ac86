"""Wiring of sources in place: the locations that the settings allow."""

from collections.abc import Sequence
from pathlib import Path

from voxel51.server.data.in_place import InPlaceService, OpenSource
from voxel51.server.database.database import Database
from voxel51.server.settings import Settings
from voxel51.server.source_locations import BUCKET_SCHEME, read_source_locations
from voxel51.server.storage.in_place import FolderSource, Source, allowed_root
from voxel51.server.storage_location import open_source_bucket


def in_place_service(database: Database, settings: Settings) -> InPlaceService:
    """Return the service of sources, in the locations that ``settings`` allow."""
    locations = read_source_locations(settings.source_locations, settings.user_source_locations)
    return InPlaceService(database, _opener(settings), locations, settings.user_sources)


def _opener(settings: Settings) -> OpenSource:
    def open_source(location: str, allowed: Sequence[str]) -> Source:
        root, rest = allowed_root(location, allowed)
        if not root.startswith(BUCKET_SCHEME):
            return FolderSource(Path(root), rest)
        from voxel51.server.storage.in_place_buckets import BucketSource  # noqa: PLC0415  (an extra)

        return BucketSource(open_source_bucket(settings, location))

    return open_source
