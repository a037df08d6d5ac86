"""Wiring of the verification of stored files."""

from collections.abc import Iterator
from functools import partial
from itertools import chain

from sqlalchemy import or_, select

import voxel51.server.analytics.stored_files
import voxel51.server.data.stored_files
import voxel51.server.jobs.stored_files
import voxel51.server.reviews.stored_files
from voxel51.server.analytics.stored_files import file_references
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.jobs.tables import attempts
from voxel51.server.storage.storage import Storage
from voxel51.server.storage.verification import RecordedFile, Verifier


def build_verifier(database: Database, storage: Storage) -> Verifier:
    """Build what verifies all files that records of ``database`` refer to."""

    def records() -> Iterator[RecordedFile]:
        return chain(
            voxel51.server.data.stored_files.recorded_files(database),
            voxel51.server.jobs.stored_files.recorded_files(database),
            voxel51.server.analytics.stored_files.recorded_files(database),
            voxel51.server.reviews.stored_files.recorded_files(database),
        )

    return Verifier(storage, records, partial(_is_recorded, database))


def _is_recorded(database: Database, key: str) -> bool:
    references = (
        select(data.c.id).where(data.c.storage_key == key),
        select(attempts.c.id).where(or_(attempts.c.output_key == key, attempts.c.log_key == key)),
        *file_references(key),
        *voxel51.server.reviews.stored_files.file_references(key),
    )
    with database.read() as connection:
        return any(connection.execute(reference).first() is not None for reference in references)
