"""Stored files of analytics, as their records describe them: container images, bundles and build logs."""

from collections.abc import Iterator

from sqlalchemy import Select, or_, select

from voxel51.server.analytics.tables import analytics, bundles, images
from voxel51.server.database.database import Database
from voxel51.server.database.pages import rows_in_order
from voxel51.server.storage.verification import RecordedFile


def recorded_files(database: Database) -> Iterator[RecordedFile]:
    """Yield all images, bundles and build logs."""
    yield from _recorded_images(database)
    yield from _recorded_bundles(database)


def file_references(key: str) -> Iterator[Select[tuple[str]]]:
    """Yield queries that find the records that refer to the stored file ``key``."""
    yield select(images.c.type).where(images.c.storage_key == key)
    yield select(bundles.c.analytic_id).where(or_(bundles.c.storage_key == key, bundles.c.log_key == key))


def _recorded_images(database: Database) -> Iterator[RecordedFile]:
    columns = (images.c.storage_key, images.c.size_bytes, images.c.sha256, images.c.type, analytics.c.name)
    stored = select(*columns, analytics.c.version).join(analytics, analytics.c.id == images.c.analytic_id)
    for row in rows_in_order(database, stored, (images.c.storage_key,)):
        subject = f"{row.type} image of analytic '{row.name}', version {row.version}"
        yield RecordedFile(row.storage_key, subject, row.size_bytes, row.sha256)


def _recorded_bundles(database: Database) -> Iterator[RecordedFile]:
    log = (bundles.c.log_key, bundles.c.log_bytes, bundles.c.log_sha256)
    columns = (bundles.c.storage_key, bundles.c.size_bytes, bundles.c.sha256, *log, analytics.c.name)
    stored = select(*columns, analytics.c.version).join(analytics, analytics.c.id == bundles.c.analytic_id)
    for row in rows_in_order(database, stored, (bundles.c.storage_key,)):
        subject = f"of analytic '{row.name}', version {row.version}"
        yield RecordedFile(row.storage_key, f"bundle {subject}", row.size_bytes, row.sha256)
        if row.log_key is not None:
            yield RecordedFile(row.log_key, f"build log {subject}", row.log_bytes, row.log_sha256)
