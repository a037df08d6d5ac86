"""Tables of pipelines, their versions, and the users with whom they are shared.

Those of their runs are `voxel51.server.jobs.pipeline_tables`.
"""

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from voxel51.server.accounts.tables import users
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment

pipelines = Table(
    "pipelines",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("latest_version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("owner_id", "name"),
)

pipeline_versions = Table(
    "pipeline_versions",
    metadata,
    Column("pipeline_id", String(36), ForeignKey(pipelines.c.id, ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),  # from 1
    Column("description", Text, nullable=False),  # this and the number of steps are in the document too; for lists
    Column("step_count", Integer, nullable=False),
    Column("document", Document, nullable=False),
    Column("created_at", Moment, nullable=False),
)

pipeline_shares = Table(
    "pipeline_shares",
    metadata,
    Column("pipeline_id", String(36), ForeignKey(pipelines.c.id, ondelete="CASCADE"), primary_key=True),
    Column("user_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True, index=True),
)
