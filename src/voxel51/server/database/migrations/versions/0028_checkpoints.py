"""Checkpoints of jobs."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Add the table. Jobs that run during the upgrade have no checkpoint yet."""
    op.create_table(
        "checkpoints",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("attempt_id", sa.String(36), nullable=False),
        sa.Column("parts", sa.Integer, nullable=False),
        sa.Column("saved_at", Moment, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_checkpoints"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_checkpoints_job_id_jobs", ondelete="CASCADE"),
    )
