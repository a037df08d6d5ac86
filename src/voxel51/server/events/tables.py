"""Table of events: one row for each event of a job."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment

events = Table(
    "events",
    metadata,
    # Ids become visible in ascending order: see outbox.py.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("owner_id", String(36), nullable=False),
    Column("job_id", String(36), nullable=False),
    Column("name", String(32), nullable=False),
    Column("date", Moment, nullable=False, index=True),
    Column("document", Document, nullable=False),
    Index("ix_events_owner_id_id", "owner_id", "id"),
    Index("ix_events_job_id_name", "job_id", "name"),
    sqlite_autoincrement=True,  # an id is never used twice, even after the last event was deleted
)
