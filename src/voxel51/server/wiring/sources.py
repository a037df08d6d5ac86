"""Wiring of sources in place: the places that the settings allow."""

from pathlib import Path

from voxel51.server.data.in_place import InPlaceService, OpenSource
from voxel51.server.database.database import Database
from voxel51.server.encryption import Cipher, load_secret_key
from voxel51.server.settings import Settings
from voxel51.server.storage.in_place import BUCKET_SCHEME, FolderSource, Source, allowed_root
from voxel51.server.storage_location import open_source_bucket


def source_opener(settings: Settings) -> OpenSource:
    """Return what opens sources in the places that ``settings`` allow."""

    allowed = [entry.strip() for entry in settings.source_locations.split(",") if entry.strip()]

    def open_source(location: str) -> Source:
        root, rest = allowed_root(location, allowed)
        if not root.startswith(BUCKET_SCHEME):
            return FolderSource(Path(root), rest)
        from voxel51.server.storage.in_place_buckets import BucketSource  # noqa: PLC0415  (an extra)

        return BucketSource(open_source_bucket(settings, location))

    return open_source


def sources_for_commands(database: Database, settings: Settings) -> InPlaceService:
    """Return the service of sources, for commands beside a running platform."""
    return InPlaceService(
        database, source_opener(settings), Cipher(load_secret_key(settings.secret_key_path), "sources")
    )
