"""Tables of schedules and of their runs."""

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from voxel51.server.accounts.tables import users
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment

schedules = Table(
    "schedules",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False),
    Column("application_id", String(36)),  # of the owner; null: a user of the platform
    Column("name", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("cron", String(255), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("missed_runs", String(16), nullable=False),
    Column("run", Document, nullable=False),
    Column("next_at", Moment, index=True),  # null: it is paused
    Column("created_at", Moment, nullable=False),
    Index("ix_schedules_owner_created_at", "owner_id", "created_at", "id"),
)

schedule_runs = Table(
    "schedule_runs",
    metadata,
    # The key makes a run the only one of its due time.
    Column("schedule_id", String(36), ForeignKey(schedules.c.id, ondelete="CASCADE"), primary_key=True),
    Column("due_at", Moment, primary_key=True),
    Column("ran_at", Moment, nullable=False),
    Column("state", String(16), nullable=False),
    Column("type", String(16), nullable=False),
    Column("started_id", String(36)),  # of the batch, or of the group of runs of a pipeline
    Column("message", Text),  # why nothing was started
)
