"""Tables of renditions: a row for each that exists or is being made, and one for each video that waits for some."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from voxel51.server.accounts.tables import users
from voxel51.server.data.tables import data
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Moment
from voxel51.server.datasets.tables import datasets
from voxel51.server.jobs.tables import jobs

renditions = Table(
    "renditions",
    metadata,
    # The internal job that makes the rendition; its output is the rendition.
    Column("internal_job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id), nullable=False),
    Column("subject", String(48), nullable=False),  # "data:<id>", "job:<id>", "dataset:<id>" or "sql:<owner id>"
    Column("data_id", String(36), ForeignKey(data.c.id, ondelete="CASCADE"), index=True),
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), index=True),
    Column("dataset_id", String(36), ForeignKey(datasets.c.id, ondelete="CASCADE"), index=True),
    Column("kind", String(32), nullable=False),
    Column("variant", String(64), nullable=False),  # SHA-256 of the arguments
    Column("used_at", Moment, nullable=False, index=True),
    UniqueConstraint("subject", "kind", "variant"),
    Index("ix_renditions_owner_used_at", "owner_id", "used_at"),
)

preparations = Table(
    "preparations",
    metadata,
    Column("data_id", String(36), ForeignKey(data.c.id, ondelete="CASCADE"), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id), nullable=False),
    # Position of the next step in `preparation.PREPARED`; the number of steps: the facts alone.
    Column("stage", Integer, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Index("ix_preparations_owner_stage_queued_at", "owner_id", "stage", "queued_at", "data_id"),
)
