"""Stored files of reviews, as their records describe them."""

from collections.abc import Iterator

from sqlalchemy import Select, select

from voxel51.server.accounts.tables import users
from voxel51.server.database.database import Database
from voxel51.server.database.pages import rows_in_order
from voxel51.server.reviews.tables import reviews
from voxel51.server.storage.verification import RecordedFile


def recorded_files(database: Database) -> Iterator[RecordedFile]:
    """Yield the labels of each version that was not deleted."""
    columns = (reviews.c.storage_key, reviews.c.id, reviews.c.size_bytes, reviews.c.sha256, reviews.c.job_id)
    stored = select(*columns, reviews.c.version, users.c.name.label("owner"))
    stored = stored.join(users, users.c.id == reviews.c.owner_id).where(reviews.c.storage_key.is_not(None))
    for row in rows_in_order(database, stored, (reviews.c.storage_key, reviews.c.id)):
        subject = f"review {row.version} of job {row.job_id} of user '{row.owner}'"
        yield RecordedFile(row.storage_key, subject, row.size_bytes, row.sha256)


def file_references(key: str) -> Iterator[Select[tuple[str]]]:
    """Yield queries that find the records that refer to the stored file ``key``."""
    yield select(reviews.c.id).where(reviews.c.storage_key == key)
