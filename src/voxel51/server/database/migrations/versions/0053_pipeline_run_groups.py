"""Groups of runs of pipelines, which a schedule starts at one due time."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    """Add the column and its index."""
    op.add_column("pipeline_runs", sa.Column("group_id", sa.String(36)))
    op.create_index("ix_pipeline_runs_group_id", "pipeline_runs", ["group_id"])
