"""Scheduling options of batches, for their jobs."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    """Add the column."""
    op.add_column("batches", sa.Column("scheduling", Document))
