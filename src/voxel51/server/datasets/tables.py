"""Tables of datasets: a row for each, and one for each job whose labels it has."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from voxel51.server.accounts.tables import users
from voxel51.server.data.tables import data
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment
from voxel51.server.jobs.tables import jobs

datasets = Table(
    "datasets",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False),
    Column("name", String(100), nullable=False),
    Column("definition", Document, nullable=False),
    Column("job_count", Integer, nullable=False),  # with fewer rows in `dataset_jobs`, a job or video was deleted
    Column("created_at", Moment, nullable=False),
    Index("ix_datasets_owner_created_at", "owner_id", "created_at", "id"),
)

dataset_jobs = Table(
    "dataset_jobs",
    metadata,
    Column("dataset_id", String(36), ForeignKey(datasets.c.id, ondelete="CASCADE"), primary_key=True),
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True, index=True),
    Column("position", Integer, nullable=False),
    # Null without images: labels stay usable when their video is deleted.
    Column("data_id", String(36), ForeignKey(data.c.id, ondelete="CASCADE"), index=True),
    Column("video_key", String(36), nullable=False),  # equal for jobs on the same video
    Column("video_name", String(255), nullable=False),
)
