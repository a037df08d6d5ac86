"""Stored files of data, as their records describe them."""

from collections.abc import Iterator

from sqlalchemy import select

from voxel51.server.accounts.tables import users
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.database.pages import rows_in_order
from voxel51.server.storage.verification import RecordedFile


def recorded_files(database: Database) -> Iterator[RecordedFile]:
    """Yield the file of each data record; data by URL has none."""
    columns = (
        data.c.storage_key,
        data.c.id,
        data.c.size_bytes,
        data.c.sha256,
        data.c.name,
        users.c.name.label("owner"),
    )
    stored = select(*columns).join(users, users.c.id == data.c.owner_id).where(data.c.storage_key.is_not(None))
    for row in rows_in_order(database, stored, (data.c.storage_key, data.c.id)):
        subject = f"data {row.id} ('{row.name}') of user '{row.owner}'"
        yield RecordedFile(row.storage_key, subject, row.size_bytes, row.sha256)
