"""Pauses and limits of the queue."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "queue_controls",
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("pause_reason", sa.Text),
        sa.Column("paused_at", Moment),
        sa.Column("running_jobs", sa.Integer),
        sa.PrimaryKeyConstraint("subject", name="pk_queue_controls"),
    )
