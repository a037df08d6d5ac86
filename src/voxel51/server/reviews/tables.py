"""Table of reviews: a row for each version of the labels of a job."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from voxel51.server.accounts.tables import users
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment
from voxel51.server.jobs.tables import jobs

reviews = Table(
    "reviews",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False),
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("base", Integer, nullable=False),
    Column("reviewer", String(255), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("note", Text, nullable=False),
    Column("edits", Document, nullable=False),
    Column("changes", Document, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("undecided", Integer, nullable=False),
    Column("storage_key", String(128), index=True),  # null: the version was deleted, and keeps its number
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    UniqueConstraint("job_id", "version"),
    Index("ix_reviews_owner_created_at", "owner_id", "created_at", "id"),
)
