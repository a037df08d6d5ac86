"""Open the storage that the settings name."""

from voxel51.server.settings import Settings
from voxel51.server.storage.direct import DirectTransfers
from voxel51.server.storage.local import LocalStorage
from voxel51.server.storage.storage import Storage
from voxel51.server.storage_location import bucket_and_prefix, open_bucket


def storage_of(settings: Settings) -> Storage:
    """Return the storage that the settings name, for commands beside a running platform."""
    if not settings.storage_url:
        return LocalStorage(settings.storage_folder, settings.disk_reserve_bytes)
    from voxel51.server.storage.s3 import S3Storage  # noqa: PLC0415  (an extra)

    bucket = open_bucket(settings)
    return S3Storage(bucket, _direct_transfers(settings, bucket.config.get("region")))


def open_storage(settings: Settings) -> Storage:
    """Return the storage that the settings name, and prepare it. Only the platform itself may do so.

    Raises:
        voxel51.server.errors.Unavailable: the storage cannot be used.
    """
    storage = storage_of(settings)
    storage.open()
    return storage


def _direct_transfers(settings: Settings, region: str | None) -> DirectTransfers | None:
    """Return the transfers by signed links, if the settings say where clients reach the store."""
    if not settings.storage_public_endpoint:
        return None
    from voxel51.server.storage.s3_direct import S3DirectTransfers  # noqa: PLC0415  (an extra)

    bucket, prefix = bucket_and_prefix(settings.storage_url)
    return S3DirectTransfers(
        bucket,
        prefix,
        settings.storage_endpoint or None,
        settings.storage_public_endpoint,
        region,
        settings.storage_link_seconds,
    )
