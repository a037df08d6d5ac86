"""Runs of pipelines by their jobs: a job that ends may end a run."""

from alembic import op

revision = "0056"
down_revision = "0053"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_pipeline_run_steps_job_id", "pipeline_run_steps", ["job_id"])
