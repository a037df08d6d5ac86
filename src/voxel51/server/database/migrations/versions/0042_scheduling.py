"""Scheduling options of jobs: priority, earliest start, deadline, and the failures after which a job runs again."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Add the columns, and order the queue by priority."""
    op.add_column("jobs", sa.Column("queue_rank", sa.Integer, nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("not_before", Moment))
    op.add_column("jobs", sa.Column("deadline", Moment))
    op.add_column("jobs", sa.Column("scheduling", Document))
    op.add_column("attempts", sa.Column("failure_type", sa.String(16)))
    op.drop_index("ix_jobs_queue", "jobs")
    op.create_index(
        "ix_jobs_queue",
        "jobs",
        ["state", "internal", "owner_id", "queue_rank", "queued_at", "id", "retry_at", "not_before", "analytic_id"],
    )
    is_due = sa.text("completion_date IS NULL AND fail_date IS NULL AND deadline IS NOT NULL")
    op.create_index("ix_jobs_deadline", "jobs", ["deadline", "state"], sqlite_where=is_due, postgresql_where=is_due)
