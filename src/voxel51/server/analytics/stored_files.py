"""Stored files of analytics, as their records describe them: container images."""

from collections.abc import Iterator

from sqlalchemy import select

from voxel51.server.analytics.tables import analytics, images
from voxel51.server.database.database import Database
from voxel51.server.database.pages import rows_in_order
from voxel51.server.storage.verification import RecordedFile


def recorded_files(database: Database) -> Iterator[RecordedFile]:
    """Yield all images."""
    columns = (images.c.storage_key, images.c.size_bytes, images.c.sha256, images.c.type, analytics.c.name)
    stored = select(*columns, analytics.c.version).join(analytics, analytics.c.id == images.c.analytic_id)
    for row in rows_in_order(database, stored, (images.c.storage_key,)):
        subject = f"{row.type} image of analytic '{row.name}', version {row.version}"
        yield RecordedFile(row.storage_key, subject, row.size_bytes, row.sha256)
