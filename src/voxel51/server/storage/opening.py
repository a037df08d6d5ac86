"""Open the storage that the settings name."""

from voxel51.server.settings import Settings
from voxel51.server.storage.local import LocalStorage
from voxel51.server.storage.storage import Storage
from voxel51.server.storage_location import open_bucket


def storage_of(settings: Settings) -> Storage:
    """Return the storage that the settings name, for commands beside a running platform."""
    if not settings.storage_url:
        return LocalStorage(settings.folder / "storage", settings.disk_reserve_bytes)
    from voxel51.server.storage.s3 import S3Storage  # noqa: PLC0415  (an extra)

    return S3Storage(open_bucket(settings))


def open_storage(settings: Settings) -> Storage:
    """Return the storage that the settings name, and prepare it. Only the platform itself may do so.

    Raises:
        voxel51.server.errors.Unavailable: the storage cannot be used.
    """
    storage = storage_of(settings)
    storage.open()
    return storage
