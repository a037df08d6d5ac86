"""Activity of jobs: the end of their log, and samples of what they use."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "job_activity",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("attempt_id", sa.String(36), nullable=False),
        sa.Column("samples", Document, nullable=False),
        sa.Column("log", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_activity"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_activity_job_id_jobs", ondelete="CASCADE"),
    )
