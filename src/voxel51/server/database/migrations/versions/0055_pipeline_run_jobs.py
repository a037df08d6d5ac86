"""Runs of pipelines by their jobs: a job that ends may end a run, and each has a share of its progress."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    """Add the index and the column."""
    op.create_index("ix_pipeline_run_steps_job_id", "pipeline_run_steps", ["job_id"])
    op.add_column("pipeline_run_steps", sa.Column("predicted_seconds", sa.Float()))
